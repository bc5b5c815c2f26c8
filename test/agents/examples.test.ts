import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { copyFileSync, statSync } from "node:fs"
import { makeFolder, startDaemon, startHub, submit, typesOf, untilStatus } from "../support/daemon.ts"

const examples: ReadonlyArray<readonly [file: string, wake_command: ReadonlyArray<string>, output: RegExp]> = [
  ["wake.sh", ["./wake.sh"], /"a task of \d+ bytes"/],
  ["agent.sh", ["agentcom-sidecar", "exec", "--", "./agent.sh"], /"a prompt of \d+ bytes\\n"/]
]

describe("a script of the examples", () => {
  for (const [file, wake_command, output] of examples) {
    it.live(`does a task as it stands, with one wake: ${file}`, () =>
      Effect.gen(function*() {
        const hub = yield* startHub()
        const folder = yield* makeFolder(hub, {}, { wake_command, wake_command_blocks: true })
        copyFileSync(`examples/${file}`, folder.file(file))
        assert.isAbove(statSync(folder.file(file)).mode & 0o100, 0)
        const daemon = yield* startDaemon(folder)
        const task = yield* submit(hub, "'; touch pwned; ' $(touch pwned)")
        yield* untilStatus(hub, task, "completed")
        assert.match(JSON.stringify(hub.task(task.id)?.result), output)
        assert.lengthOf(daemon.events("wake_attempt"), 1)
        assert.notInclude(typesOf(hub, "out"), "task_failed")
      }), 40_000)
  }
})
