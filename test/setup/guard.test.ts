import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { type AgentType, isPermission, type Permission } from "../../src/config/agentTypes.ts"
import { guardSecrets } from "../../src/config/init/guard.ts"

const inFolder = (test: (folder: string) => Effect.Effect<void>) =>
  Effect.acquireUseRelease(
    Effect.sync(() => mkdtempSync(join(tmpdir(), "guard-"))),
    test,
    (folder) => Effect.sync(() => rmSync(folder, { recursive: true, force: true }))
  )

const written = (folder: string, name: string) => readFileSync(join(folder, name), "utf8")

const guarded = (
  folder: string,
  agent_type: AgentType,
  secretFiles: ReadonlyArray<string> = [],
  may: Permission = "edit"
) => guardSecrets({ config: join(folder, "config.json"), folder: join(folder, "work"), agent_type, secretFiles, may })

describe("init keeps the agent from reading", () => {
  it.effect("the configuration, the state, and the files of the token and of the key, wherever they lie", () =>
    inFolder((folder) =>
      Effect.gen(function*() {
        const secrets = [join(folder, "work", "to[ken]"), "/etc/keys/client.pem"]
        assert.deepEqual(yield* guarded(folder, "claude", secrets), {
          path: join(folder, "work/.claude/settings.json"),
          missing: []
        })
        const above = `/${folder}`
        assert.deepEqual(JSON.parse(written(folder, "work/.claude/settings.json")), {
          permissions: {
            deny: [
              `Read(${above}/config.json)`,
              String.raw`Read(./to\[ken\])`,
              "Read(//etc/keys/client.pem)",
              ...["queue.json", "agent.sqlite", "control.json"].map((name) => `Read(${above}/${name})`)
            ]
          }
        })
        yield* guarded(folder, "gemini", secrets)
        // Gemini CLI reads nothing outside of its folder.
        assert.equal(written(folder, "work/.geminiignore"), "/to\\[ken\\]\n")
      })
    ))

  it.effect("nothing, where the agent has no settings for that, or they would hold no rule", () =>
    inFolder((folder) =>
      Effect.gen(function*() {
        for (const type of ["codex", "gemini", "script"] as const) assert.isNull(yield* guarded(folder, type))
      })
    ))

  const present: ReadonlyArray<readonly [text: string, missing: number]> = [
    ["{}", 4],
    ["Read(//FOLDER/config.json)", 3]
  ]
  for (const [text, missing] of present) {
    it.effect(`by a settings file that says ${text}, which stays as it is: ${missing} rules are missing`, () =>
      inFolder((folder) =>
        Effect.gen(function*() {
          const there = text.replace("/FOLDER", folder)
          mkdirSync(join(folder, "work/.claude"), { recursive: true })
          writeFileSync(join(folder, "work/.claude/settings.json"), there)
          assert.lengthOf((yield* guarded(folder, "claude"))?.missing ?? [], missing)
          assert.equal(written(folder, "work/.claude/settings.json"), there)
        })
      ))
  }
})

describe("init keeps opencode from doing", () => {
  for (
    const [may, permission] of Object.entries({
      read: { edit: "deny", bash: "deny" },
      edit: { edit: "allow", bash: "deny" },
      all: { edit: "allow", bash: "allow" }
    })
  ) {
    it.effect(`what it may not, where it may ${may}`, () =>
      inFolder((folder) =>
        Effect.gen(function*() {
          if (!isPermission(may)) return assert.fail(may)
          yield* guarded(folder, "opencode", [], may)
          assert.deepInclude(JSON.parse(written(folder, "work/opencode.json")), { permission })
        })
      ))
  }
})
