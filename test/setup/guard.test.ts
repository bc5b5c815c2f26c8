import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { dirname, join } from "node:path"
import type { AgentType } from "../../src/config/agentTypes.ts"
import { guardSecrets } from "../../src/config/init/guard.ts"

const inFolder = (test: (folder: string) => Effect.Effect<void>) =>
  Effect.acquireUseRelease(
    Effect.sync(() => mkdtempSync(join(tmpdir(), "guard-"))),
    test,
    (folder) => Effect.sync(() => rmSync(folder, { recursive: true, force: true }))
  )

const written = (folder: string, name: string) => readFileSync(join(folder, name), "utf8")

describe("init keeps the agent from reading", () => {
  it.effect("the configuration under the name that it was given", () =>
    inFolder((folder) =>
      Effect.gen(function*() {
        const config = join(folder, "agent2.json")
        assert.deepEqual(yield* guardSecrets(config, [], "claude"), {
          path: join(folder, ".claude/settings.json"),
          missing: []
        })
        assert.deepEqual(JSON.parse(written(folder, ".claude/settings.json")), {
          permissions: { deny: ["Read(./agent2.json)"] }
        })
        yield* guardSecrets(config, [], "gemini")
        assert.equal(written(folder, ".geminiignore"), "/agent2.json\n")
      })
    ))

  it.effect("the files of the token and of the key, wherever they lie", () =>
    inFolder((folder) =>
      Effect.gen(function*() {
        const secrets = [join(folder, "keys", "to[ken]"), "/etc/keys/client.pem"]
        yield* guardSecrets(join(folder, "config.json"), secrets, "claude")
        assert.deepEqual(JSON.parse(written(folder, ".claude/settings.json")), {
          permissions: {
            deny: ["Read(./config.json)", String.raw`Read(./keys/to\[ken\])`, "Read(//etc/keys/client.pem)"]
          }
        })
        yield* guardSecrets(join(folder, "config.json"), secrets, "gemini")
        // Gemini CLI reads nothing outside of its folder.
        assert.equal(written(folder, ".geminiignore"), "/config.json\n/keys/to\\[ken\\]\n")
      })
    ))

  const present: ReadonlyArray<readonly [AgentType, name: string, text: string, missing: ReadonlyArray<string>]> = [
    ["claude", ".claude/settings.json", "{}", ["Read(./config.json)"]],
    ["claude", ".claude/settings.json", `{"permissions":{"deny":["Read(./config.json)"]}}`, []],
    ["gemini", ".geminiignore", "secrets\n", ["/config.json"]]
  ]
  for (const [type, name, text, missing] of present) {
    it.effect(`${type} by a ${name} that says ${text.trim()}, which stays as it is: ${missing.length} rules are missing`, () =>
      inFolder((folder) =>
        Effect.gen(function*() {
          mkdirSync(dirname(join(folder, name)), { recursive: true })
          writeFileSync(join(folder, name), text)
          const guarded = yield* guardSecrets(join(folder, "config.json"), [], type)
          assert.deepEqual(guarded, { path: join(folder, name), missing })
          assert.equal(written(folder, name), text)
        })
      ))
  }

  it.effect("nothing, where the agent reads no file that a task names", () =>
    inFolder((folder) =>
      Effect.gen(function*() {
        assert.isNull(yield* guardSecrets(join(folder, "config.json"), [], "codex"))
      })
    ))
})
