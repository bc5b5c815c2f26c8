import * as Effect from "effect/Effect"
import { createHash } from "node:crypto"
import { stat } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { platform } from "../platform.ts"

/**
 * Where the sidecar of a folder listens. Linux's abstract sockets and Windows' named pipes end with their process; the
 * socket file of other systems stays behind, and nobody listens at it.
 */
export const addressOf = (folder: string): Effect.Effect<string> =>
  Effect.map(Effect.promise(() => stat(folder, { bigint: true })), ({ dev, ino }) => {
    const name = `agentcom-sidecar-${createHash("sha256").update(`${dev}:${ino}`).digest("hex").slice(0, 32)}`
    if (platform === "linux") return `\0${name}`
    return platform === "windows" ? `\\\\.\\pipe\\${name}` : join(tmpdir(), `${name}.sock`)
  })
