import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { startHub } from "../support/daemon.ts"
import { main, makeFolder, nodeExe, run, startDaemon, until } from "./support.ts"

const nowhere = { url: "ws://127.0.0.1:9/ws" }

describe("the configuration on Windows", () => {
  it.live("that is wrong is told in a sentence for each fault, with exit code 78", () =>
    Effect.gen(function*() {
      const folder = yield* makeFolder(nowhere, "", { agent_id: "two words", wake_command: "agent \"%TASK_JSON%\"" })
      const { code, errors, output } = yield* run(folder, "run")
      assert.strictEqual(code, 78)
      assert.deepStrictEqual(errors.trimEnd().split("\n"), [
        "config.json: agent_id: must be one word of letters, digits and . _ : @ -",
        "config.json: wake_command: must not use TASK_JSON or TASK_DESCRIPTION on Windows: " +
        "use ${TASK_FILE}, the file that holds the task"
      ])
      assert.strictEqual(output, "")
    }))

  it.live("must not hold a variable that stands for nothing in cmd.exe", () =>
    Effect.gen(function*() {
      const folder = yield* makeFolder(nowhere, "", { wake_command: "agent \"${TASK_FILE}\" ${TASK_FIEL}" })
      const { code, errors } = yield* run(folder, "run")
      assert.strictEqual(code, 78)
      assert.strictEqual(
        errors.trimEnd(),
        "config.json: wake_command: must not use ${TASK_FIEL} on Windows: " +
          "it may use ${TASK_ID}, ${TASK_FILE}, ${TASK_PROMPT_FILE}, ${RESULTS_DIR}, ${MESSAGES_FILE}, ${OUTBOX_DIR}"
      )
    }))

  it.live("that is missing is told with the command that makes it", () =>
    Effect.gen(function*() {
      const folder = yield* makeFolder(nowhere, "")
      const { code, errors } = yield* run(folder, "run", "--config", "other.json")
      assert.strictEqual(code, 78)
      const example = main.replace("dist\\main.js", "config.example.json")
      assert.strictEqual(
        errors.trimEnd(),
        `other.json: there is no such file; make one by agentcom-sidecar init, or from config.example.json and fill it in: copy ${example} other.json`
      )
    }))

  it.live.each([
    ["a line", "agent \"${TASK_FILE}\" ${TASK_ID} \"${TASK_PROMPT_FILE}\" \"${RESULTS_DIR}\""],
    ["a list", [nodeExe, "${TASK_FILE}", "{prompt}"]]
  ])(
    "takes a wake_command that is %s, and the sidecar connects and identifies itself",
    ([, wake_command]) =>
      Effect.gen(function*() {
        const hub = yield* startHub()
        const folder = yield* makeFolder(hub, "", { wake_command, log_file: "logs\\of the agent.log" })
        const daemon = yield* startDaemon(folder)
        yield* until("it is identified", () => daemon.events("identified").length === 1)
        const logged = yield* until("its log says so", () => {
          const text = folder.read("logs/of the agent.log")
          return text.includes("\"identified\"") && text
        })
        assert.strictEqual(logged, daemon.output())
        assert.strictEqual(hub.connections(), 1)
      })
  )

  it.live("is made by init, which registers the agent, and is one that run takes", () =>
    Effect.gen(function*() {
      const hub = yield* startHub()
      const folder = yield* makeFolder(hub, "")
      const asked = ["--hub-url", hub.url, "--agent-id", "newcomer", "--type", "script", "--yes"]
      const made = yield* run(folder, "init", "--config", "made\\config.json", ...asked)
      assert.strictEqual(made.code, 0, made.errors)
      const config: { readonly agent_id: string; readonly token: string } = JSON.parse(folder.read("made/config.json"))
      assert.strictEqual(config.agent_id, "newcomer")
      assert.notInclude(made.output + made.errors, config.token)
    }))
})
