import { fileURLToPath } from "node:url"

declare const AGENTCOM_SIDECAR_VERSION: string | undefined
declare const AGENTCOM_SIDECAR_COMMIT: string | undefined

const commit_chars = 12

/** The version in package.json, which the build inserts. */
export const version = typeof AGENTCOM_SIDECAR_VERSION === "string" ? AGENTCOM_SIDECAR_VERSION : "0.0.0-unbuilt"

const commit = typeof AGENTCOM_SIDECAR_COMMIT === "string" ? AGENTCOM_SIDECAR_COMMIT : ""
const changes = commit.endsWith("-dirty") ? ".dirty" : ""

/** The version with the commit as build metadata, as in `0.1.0+1a46a0663c0c`. A build outside a checkout has no commit. */
export const release = commit === "" ? version : `${version}+${commit.slice(0, commit_chars)}${changes}`

/** A file of the package: one folder up from here, both in `src` and in the bundle. */
export const packageFile = (name: string): string => fileURLToPath(new URL(`../${name}`, import.meta.url))
