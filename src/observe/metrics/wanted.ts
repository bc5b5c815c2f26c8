// A file of its own: every daemon loads it, but only one that exports metrics loads the rest of this folder.

export type Environment = Readonly<Record<string, string | undefined>>

/** The settings that decide whether metrics are exported. */
export interface Wanted {
  /** `host:port` to listen at; without it nothing listens. */
  readonly listen: string | undefined
  readonly environment: Environment
}

/** Whether the environment names an OpenTelemetry collector. */
export const hasCollector = (environment: Environment): boolean =>
  [environment["OTEL_EXPORTER_OTLP_ENDPOINT"], environment["OTEL_EXPORTER_OTLP_METRICS_ENDPOINT"]]
    .some((endpoint) => endpoint !== undefined && endpoint !== "")

/** Whether metrics are served or exported. */
export const isWanted = ({ environment, listen }: Wanted): boolean => listen !== undefined || hasCollector(environment)
