export type Environment = Readonly<Record<string, string | undefined>>

/** Who wants to be shown how the sidecar is. */
export interface Wanted {
  /** `host:port` at which it is asked; nothing listens where it is missing. */
  readonly listen: string | undefined
  readonly environment: Environment
}

/** Whether the environment names a collector of OpenTelemetry. */
export const hasCollector = (environment: Environment): boolean =>
  [environment["OTEL_EXPORTER_OTLP_ENDPOINT"], environment["OTEL_EXPORTER_OTLP_METRICS_ENDPOINT"]]
    .some((endpoint) => endpoint !== undefined && endpoint !== "")

/** Whether anybody does; if not, nothing of the rest of this folder has to be loaded. */
export const isWanted = ({ environment, listen }: Wanted): boolean => listen !== undefined || hasCollector(environment)
