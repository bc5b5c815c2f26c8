import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { createHash } from "node:crypto"
import { existsSync, mkdirSync, readdirSync } from "node:fs"
import type { DevHub } from "../../src/dev/DevHub.ts"
import { frames, startHub, submit } from "../support/daemon.ts"
import { type Folder, makeFolder, nodeExe, startDaemon, until, untilCompleted } from "./support.ts"
import { inWindows } from "./wine.ts"

/** Texts of a task that cmd.exe, Node.js or what takes a command line apart would take for their own. */
const texts: Readonly<Record<string, string>> = {
  "quotes": `" & echo ran > pwned & " ' & echo ran > pwned`,
  "variables": "%PATH% %TASK_ID% %PATHEXT:~0,1% !PATH! ${TASK_FILE} {task_file} %%TASK_ID%% & echo ran > pwned",
  "what joins and escapes commands": "^& echo ran > pwned | echo ran > pwned && echo ran > pwned || ^^ < > ( ) ; , @ =",
  "lines": "one\necho ran > pwned\r\nthree\u001aafter Ctrl+Z\n\n",
  "backslashes before quotes": "\\\" \\\\\" & echo ran > pwned \\",
  "an option": "--eval=require('fs').writeFileSync('pwned','')",
  "shells of other systems": "$(echo ran > pwned) `echo ran > pwned` ; *",
  "right to left and emoji": "🦀 שלום \u202Epwned\u202C مرحبا \u2028 é\u0301 \uFEFF",
  "a NUL": "before\0& echo ran > pwned\0after",
  "200 KiB": `" & echo ran > pwned ${"0123456789abcde%".repeat(12_800)}`
}

/** Says what has arrived; the prompt by itself or as the digest of one that fills no command line. */
const tell = `
const { createHash } = require("node:crypto")
const prompt = fs.readFileSync(TASK_PROMPT_FILE, "utf8")
const digest = (text) => createHash("sha256").update(text).digest("hex")
confirm()
put("arrived.json", JSON.stringify({
  payload: fs.readFileSync(TASK_FILE, "utf8"),
  prompt,
  arguments: process.argv.slice(2).map((text) => text === prompt ? "the prompt" : text),
  names: Object.keys(process.env).filter((name) => /^(TASK_|AGENTCOM_)/i.test(name)),
  cwd: process.cwd()
}))
answer({ output: digest(prompt) })
`

interface Arrived {
  readonly payload: string
  readonly prompt: string
  readonly arguments: ReadonlyArray<string>
  readonly names: ReadonlyArray<string>
  readonly cwd: string
}

const textIn = (prompt: string): string | undefined =>
  /===== task ([0-9a-f]{16}) begins =====\n(.*)\n===== task \1 ends =====/s.exec(prompt)?.[2]

/** All that may be in an agent's folder after its tasks. */
const ours = new Set([
  "agent.cjs",
  "arrived.json",
  "config.json",
  "control.json",
  "heard.json",
  "lock",
  "outbox",
  "queue.json",
  "results",
  "sidecar.log",
  "tasks",
  "wakes.log"
])

const isOurs = (name: string): boolean => ours.has(name) || /^(?:queue|heard)\.json\.\d+$/.test(name)

const assertNothingRan = (folder: Folder) =>
  assert.deepStrictEqual(readdirSync(folder.path).filter((name) => !isOurs(name)), [])

/** Takes a task to its end; what its agent said. */
const complete = Effect.fnUntraced(function*(hub: DevHub, folder: Folder, description: string) {
  const task = yield* submit(hub, description, { metadata: { text: description } })
  yield* untilCompleted(hub, task)
  const arrived: Arrived = JSON.parse(folder.read("arrived.json"))
  assert.strictEqual(folder.wakes(task.id), 1)
  return { task, arrived, result: hub.task(task.id)?.result }
})

const forms: ReadonlyArray<readonly [name: string, command: string | ReadonlyArray<string>]> = [
  [
    "cmd.exe",
    `"${nodeExe}" agent.cjs "\${TASK_ID}" "\${TASK_FILE}" "\${TASK_PROMPT_FILE}" "\${RESULTS_DIR}" "100%" ^& "a^b"`
  ],
  [
    "a list",
    [
      ...[nodeExe, "agent.cjs", "${TASK_ID}", "{task_file}", "${TASK_PROMPT_FILE}", "{results_dir}"],
      ...["100%", "&", "a^b", "", "\"%TASK_ID%\\"]
    ]
  ]
]

describe("a wake on Windows", () => {
  it.live.each(forms)(
    "through %s hands every text on byte for byte, in the payload and in the prompt, and none of it runs",
    ([, wake_command]) =>
      Effect.gen(function*() {
        const hub = yield* startHub()
        const folder = yield* makeFolder(hub, tell, { wake_command })
        yield* startDaemon(folder)
        for (const [name, text] of Object.entries(texts)) {
          const { arrived, result, task } = yield* complete(hub, folder, text)
          const { description, metadata, task_id }: Record<string, unknown> = JSON.parse(arrived.payload)
          assert.deepStrictEqual({ task_id, description, metadata }, {
            task_id: task.id,
            description: text,
            metadata: { text }
          }, name)
          assert.strictEqual(textIn(arrived.prompt), text, name)
          assert.deepInclude(result, {
            status: "success",
            output: createHash("sha256").update(arrived.prompt).digest("hex")
          })
          const tasks = inWindows(folder.file("tasks"))
          const results = inWindows(folder.file("results"))
          assert.include(arrived.prompt, `${results}\\${task.id}.started`)
          assert.deepStrictEqual(arrived.arguments, [
            ...[task.id, `${tasks}\\${task.id}.json`, `${tasks}\\${task.id}.prompt`, results, "100%", "&", "a^b"],
            ...(typeof wake_command === "string" ? [] : ["", "\"%TASK_ID%\\"])
          ])
          assert.strictEqual(arrived.cwd, inWindows(folder.path))
          assert.sameMembers([...arrived.names], [
            ...["TASK_ID", "TASK_FILE", "TASK_PROMPT_FILE", "AGENTCOM_WAKE_ID", "AGENTCOM_NODE"]
          ])
          assertNothingRan(folder)
        }
      })
  )

  it.live("through a list hands on the prompt itself as an argument, without a shell", () =>
    Effect.gen(function*() {
      const hub = yield* startHub()
      const folder = yield* makeFolder(hub, tell, { wake_command: [nodeExe, "agent.cjs", "{prompt}", "last"] })
      yield* startDaemon(folder)
      for (const [name, text] of Object.entries(texts)) {
        if (name === "a NUL" || name === "200 KiB") continue
        const { arrived } = yield* complete(hub, folder, text)
        assert.deepStrictEqual(arrived.arguments, ["the prompt", "last"], name)
        assert.strictEqual(textIn(arrived.prompt), text, name)
        assertNothingRan(folder)
      }
    }))

  it.live("of a text that no argument can hold fails at once and says what to do", () =>
    Effect.gen(function*() {
      const hub = yield* startHub()
      const folder = yield* makeFolder(hub, tell, { wake_command: [nodeExe, "agent.cjs", "{prompt}"] })
      yield* startDaemon(folder)
      for (const text of ["0123456789abcdef".repeat(12_800), "x".repeat(30_000), "\"".repeat(15_500), "a\0b"]) {
        const task = yield* submit(hub, text, { max_retries: 0 })
        const failed = yield* until(`it has failed: ${text.slice(0, 9)}`, () =>
          frames(hub, "out").find(({ task_id, type }) => type === "task_failed" && task_id === task.id))
        assert.match(String(failed["reason"]), /use \{prompt_file\} instead of \{prompt\}/)
        assert.strictEqual(folder.wakes(task.id), 0)
      }
    }))

  it.live("runs the program behind a shim of npm, and refuses any other batch file", () =>
    Effect.gen(function*() {
      const hub = yield* startHub()
      const folder = yield* makeFolder(hub, tell, { wake_command: ["bin\\my-agent", "{prompt}"] })
      mkdirSync(folder.file("bin/node_modules/my-agent"), { recursive: true })
      folder.write("bin/node_modules/my-agent/cli.js", folder.read("agent.cjs"))
      folder.write(
        "bin/my-agent.cmd",
        [
          "@ECHO off",
          "GOTO start",
          ":find_dp0",
          "SET dp0=%~dp0",
          "EXIT /b",
          ":start",
          "SETLOCAL",
          "CALL :find_dp0",
          "",
          "IF EXIST \"%dp0%\\node.exe\" (",
          "  SET \"_prog=%dp0%\\node.exe\"",
          ") ELSE (",
          "  SET \"_prog=node\"",
          "  SET PATHEXT=%PATHEXT:;.JS;=;%",
          ")",
          "",
          "endLocal & goto #_undefined_# 2>NUL || title %COMSPEC% & \"%_prog%\"  \"%dp0%\\node_modules\\my-agent\\cli.js\" %*",
          ""
        ].join("\r\n")
      )
      const daemon = yield* startDaemon(folder)
      const { arrived } = yield* complete(hub, folder, texts["quotes"] ?? "")
      assert.deepStrictEqual(arrived.arguments, ["the prompt"])
      folder.write("bin/my-agent.cmd", "@echo %* > pwned\r\n")
      yield* submit(hub, texts["quotes"], { max_retries: 0 })
      const told = yield* until("it is given back", () => daemon.events("task_given_back")[0])
      assert.include(String(told["reason"]), "is a batch file")
      assert.isFalse(existsSync(folder.file("pwned")))
    }))

  const missing = "there is no program no-such-agent where the sidecar looks for it (its PATH)"

  it.live("of a program that is missing says so, where the wake_command is a line", () =>
    Effect.gen(function*() {
      const hub = yield* startHub()
      const folder = yield* makeFolder(hub, tell, { wake_command: "no-such-agent \"${TASK_FILE}\"" })
      yield* startDaemon(folder)
      yield* submit(hub, "do it")
      const said = yield* until("the hub is told", () =>
        frames(hub, "out").map(({ error, reason }) =>
          String(reason ?? error)
        ).find((text) => text.includes("no-such")))
      assert.include(said, missing)
    }))

  it.live("of a program that is missing takes no task, and says why, where the wake_command is a list", () =>
    Effect.gen(function*() {
      const hub = yield* startHub()
      const folder = yield* makeFolder(hub, tell, { wake_command: ["no-such-agent", "${TASK_FILE}"] })
      const daemon = yield* startDaemon(folder)
      const told = yield* until("it is told", () => daemon.events("not_ready")[0])
      assert.include(String(told["reason"]), missing)
      assert.strictEqual(hub.connections(), 0)
    }))
})
