import { describe, expect, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join, resolve } from "node:path"
import { headerOf } from "../../src/cli/recording.ts"
import { loadSettings } from "../../src/config/SidecarConfig.ts"

const secret = "s3cret-t0ken-never-seen"

const folder = Effect.acquireRelease(
  Effect.sync(() => mkdtempSync(join(tmpdir(), "sidecar-header-"))),
  (path) => Effect.sync(() => rmSync(path, { recursive: true }))
)

describe("the header of a recording", () => {
  it.effect("tells how the sidecar behaves, and nothing that is secret", () =>
    Effect.gen(function*() {
      const config = join(yield* folder, "config.json")
      const tls = (name: string) => resolve("test/fixtures/tls", name)
      const wake_command = ["env", "OPENAI_API_KEY=abcdefgh", "agent", "${TASK_FILE}"]
      const said = { agent_id: "a", token: secret, hub_url: `wss://hub.example/ws?key=${secret}`, wake_command }
      const pem = { tls_ca: tls("ca.pem"), tls_cert: tls("client.pem"), tls_key: tls("client.key") }
      writeFileSync(config, JSON.stringify({ ...said, ...pem, task_timeout_ms: 60_000 }))
      const { config: told } = yield* headerOf(yield* loadSettings(config, { flags: {}, environment: {} }))
      expect(told).toMatchObject({ task_timeout_ms: 60_000, hub_url: "wss://hub.example/ws", capabilities: [] })
      expect(told["wake_command"]).toEqual(["env", "OPENAI_API_KEY=<redacted>", "agent", "${TASK_FILE}"])
      const text = JSON.stringify(told)
      for (const hidden of [secret, "CERTIFICATE", "PRIVATE KEY", "client.key"]) expect(text).not.toContain(hidden)
    }))
})
