import * as ConfigProvider from "effect/ConfigProvider"
import * as Effect from "effect/Effect"
import * as FetchHttpClient from "effect/http/FetchHttpClient"
import * as Layer from "effect/Layer"
import * as OtlpMetrics from "effect/observability/OtlpMetrics"
import * as OtlpSerialization from "effect/observability/OtlpSerialization"
import { setDefaultAutoSelectFamilyAttemptTimeout } from "node:net"
import { connect_attempt_ms } from "../../hub/network.ts"
import type { Environment } from "./wanted.ts"

export const telemetry_flush_ms = 500 // at the end

/** The variables with the standard's defaults that Effect lacks, and a timeout that does not delay the sidecar's end. */
const completed = (environment: Environment): Record<string, string> => {
  const given = Object.entries(environment).flatMap(([name, value]) =>
    name.startsWith("OTEL_") && value !== undefined && value !== "" ? [[name, value] as const] : []
  )
  const names = /(?:^|,)\s*service\.name\s*=/.test(environment["OTEL_RESOURCE_ATTRIBUTES"] ?? "")
    ? {}
    : { OTEL_SERVICE_NAME: "agentcom-sidecar" }
  return {
    OTEL_METRICS_EXPORTER: "otlp",
    ...names,
    ...Object.fromEntries(given),
    OTEL_EXPORTER_OTLP_METRICS_TIMEOUT: String(telemetry_flush_ms)
  }
}

/** Exports the registered metrics for ever, as the OTEL_* variables say. Dies if the variables cannot be used. */
export const exportMetrics = (environment: Environment, agent_id: string): Effect.Effect<never> => {
  const protocol = environment["OTEL_EXPORTER_OTLP_METRICS_PROTOCOL"] ?? environment["OTEL_EXPORTER_OTLP_PROTOCOL"]
  // fetch has no option per request for how long each address of the collector may take.
  setDefaultAutoSelectFamilyAttemptTimeout(connect_attempt_ms)
  if (protocol === "grpc") return Effect.die("OTEL_EXPORTER_OTLP_PROTOCOL must be http/protobuf or http/json")
  return OtlpMetrics.layerFromConfig({ resource: { attributes: { "service.instance.id": agent_id } } }).pipe(
    Layer.provide(protocol === "http/json" ? OtlpSerialization.layerJson : OtlpSerialization.layerProtobuf),
    Layer.provide(FetchHttpClient.layer),
    Layer.provide(ConfigProvider.layer(ConfigProvider.fromEnv({ env: completed(environment) }))),
    Layer.launch
  )
}
