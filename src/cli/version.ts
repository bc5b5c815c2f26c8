declare const AGENTCOM_SIDECAR_VERSION: string | undefined

/** The version in package.json, put in by the build. */
export const version = typeof AGENTCOM_SIDECAR_VERSION === "string" ? AGENTCOM_SIDECAR_VERSION : "0.0.0-unbuilt"
