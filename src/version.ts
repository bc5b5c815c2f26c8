declare const AGENTCOM_SIDECAR_VERSION: string | undefined
declare const AGENTCOM_SIDECAR_COMMIT: string | undefined

const commit_chars = 12

/** The version in package.json, put in by the build. */
export const version = typeof AGENTCOM_SIDECAR_VERSION === "string" ? AGENTCOM_SIDECAR_VERSION : "0.0.0-unbuilt"

const commit = typeof AGENTCOM_SIDECAR_COMMIT === "string" ? AGENTCOM_SIDECAR_COMMIT : ""
const changes = commit.endsWith("-dirty") ? ".dirty" : ""

/** The version and, where it was built in a checkout, the commit, as semantic versioning writes it: `0.1.0+1a46a0663c0c`. */
export const release = commit === "" ? version : `${version}+${commit.slice(0, commit_chars)}${changes}`
