import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { readdirSync } from "node:fs"
import { frames, startHub, submit, typesOf } from "../support/daemon.ts"
import { makeFolder, nodeExe, startDaemon, until, untilCompleted } from "./support.ts"

/** An agent that is its whole run and writes no files: it prints what it was given. */
const echo = `fs.writeFileSync("prompt", fs.readFileSync(TASK_PROMPT_FILE))
if (process.argv.length > 2) process.stdout.write(process.argv.slice(2).join("|"))
else process.stdin.pipe(process.stdout)
`
const text = "\" & echo ran > pwned | %PATH% !PATH! ^& 'x' \\\" 🦀 שלום\nnext"

const ways: ReadonlyArray<readonly [name: string, command: string | ReadonlyArray<string>]> = [
  ["in a list, on standard input", ["agentcom-sidecar", "exec", "--", nodeExe, "agent.cjs"]],
  ["in a list, as an argument", ["agentcom-sidecar", "exec", "--", nodeExe, "agent.cjs", "{prompt}"]],
  ["in cmd.exe, on standard input", `agentcom-sidecar exec -- "${nodeExe}" agent.cjs`],
  ["in cmd.exe, as an argument", `agentcom-sidecar exec -- "${nodeExe}" agent.cjs {prompt}`]
]

describe("exec on Windows", () => {
  it.live.each(ways)(
    "confirms, gives the prompt to the command byte for byte, and makes its output the answer: %s",
    ([, wake_command]) =>
      Effect.gen(function*() {
        const hub = yield* startHub()
        const folder = yield* makeFolder(hub, echo, { wake_command, wake_command_blocks: true })
        yield* startDaemon(folder)
        const task = yield* submit(hub, text)
        yield* untilCompleted(hub, task)
        const prompt = folder.read("prompt")
        assert.include(prompt, text)
        assert.deepInclude(hub.task(task.id)?.result, { status: "success", output: prompt, exit_code: 0, signal: null })
        assert.strictEqual(folder.wakes(task.id), 1)
        assert.include(typesOf(hub, "out"), "wake_result")
        assert.notInclude(readdirSync(folder.path), "pwned")
      })
  )

  it.live("makes an exit code the failure, with what was said, and its last line the progress", () =>
    Effect.gen(function*() {
      const hub = yield* startHub()
      const agent = "console.log(\"halfway\"); go().then(() => { console.error(\"no more\"); process.exitCode = 3 })"
      const folder = yield* makeFolder(hub, agent, {
        wake_command: ["agentcom-sidecar", "exec", "--progress", "--", nodeExe, "agent.cjs"],
        wake_command_blocks: true
      })
      yield* startDaemon(folder)
      yield* submit(hub, text)
      const progress = yield* until(
        "the progress is told",
        () => frames(hub, "out").find(({ type }) => type === "task_progress")
      )
      assert.include(JSON.stringify(progress), "halfway")
      folder.write("go", "")
      const failed = yield* until("it has failed", () => frames(hub, "out").find(({ type }) => type === "task_failed"))
      assert.match(String(failed["reason"]), /ended with exit code 3: no more$/)
    }))
})
