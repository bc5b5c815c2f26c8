import { describe, expect, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { chmodSync, existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs"
import { resolve } from "node:path"
import type { WakeCommand } from "../../src/process/arguments.ts"
import { makeFolder, taskOf, wakerOf } from "./support.ts"

const wakeId = "g2a1t1795000000002"

/** Texts of a task that some program would take for its own. */
const texts: Readonly<Record<string, string>> = {
  "double quotes": `"; touch pwned; echo "`,
  "single quotes": `'; touch pwned; echo '`,
  "command substitution": "$(touch pwned) ${IFS}",
  "backticks": "`touch pwned`",
  "newlines": "one\ntouch pwned\r\nthree\n\n",
  "variables of cmd.exe": "%PATH% %TASK_ID% !PATH! ^& touch pwned",
  "a semicolon": "; touch pwned;",
  "a pipe and redirections": "| touch pwned > pwned < /dev/null & touch pwned",
  "backslashes and globs": "\\\" \\$(touch pwned) \\\\ * ? [a-z] {a,b} ~",
  "placeholders": "{prompt} {prompt_file} {task_file} {{task}} ${TASK_ID} ${TASK_FILE} $& $1 $`",
  "a dash in front": "--eval=require('fs').writeFileSync('pwned','')",
  "a NUL": "before\0$(touch pwned)\0after",
  "200 KiB": `$(touch pwned)${"0123456789abcdef".repeat(12_800)}`,
  "emoji and right-to-left text": "🦀 שלום \u202Etouch pwned\u202C مرحبا \u2028"
}

/** How a text reaches the agent, which hands back its first argument or what it reads. */
interface Way {
  readonly wake_command: WakeCommand
  /** Whether what arrives is the prompt, the payload or the bare text. */
  readonly carries: "prompt" | "payload" | "text"
  /** Whether the text is part of a command line or of the environment, which cannot hold everything. */
  readonly isBounded: boolean
}

const main = resolve("dist/main.js")
const argument = `#!/bin/sh\nprintf %s "$1" > arrived\n`
const file = `#!/bin/sh\ncat < "$1" > arrived\n`
const input = `#!/bin/sh\ncat > arrived\n`
const agents: Readonly<Record<string, string>> = { argument, file, input }

const exec = (...command: ReadonlyArray<string>): WakeCommand => [process.execPath, main, "exec", "--", ...command]
const execLine = (command: string): WakeCommand => `"${process.execPath}" "${main}" exec -- ${command}`

const ways: Readonly<Record<string, Way>> = {
  "a line with ${TASK_DESCRIPTION}": {
    wake_command: `./argument "\${TASK_DESCRIPTION}"`,
    carries: "text",
    isBounded: true
  },
  "a line with ${TASK_JSON}": { wake_command: `./argument "\${TASK_JSON}"`, carries: "payload", isBounded: true },
  "a line with ${TASK_FILE}": { wake_command: `./file "\${TASK_FILE}"`, carries: "payload", isBounded: false },
  "a line with ${TASK_PROMPT_FILE}": {
    wake_command: `./file "\${TASK_PROMPT_FILE}"`,
    carries: "prompt",
    isBounded: false
  },
  "a list with ${TASK_FILE}": { wake_command: ["./file", "${TASK_FILE}"], carries: "payload", isBounded: false },
  "a list with {task_file}": { wake_command: ["./file", "{task_file}"], carries: "payload", isBounded: false },
  "a list with ${TASK_PROMPT_FILE}": {
    wake_command: ["./file", "${TASK_PROMPT_FILE}"],
    carries: "prompt",
    isBounded: false
  },
  "a list with {prompt_file}": { wake_command: ["./file", "{prompt_file}"], carries: "prompt", isBounded: false },
  "a list with {prompt}": { wake_command: ["./argument", "{prompt}"], carries: "prompt", isBounded: true },
  "a list with --text={prompt}": {
    wake_command: ["./argument", "--text={prompt}"],
    carries: "prompt",
    isBounded: true
  },
  "exec in a list, on standard input": { wake_command: exec("./input"), carries: "prompt", isBounded: false },
  "exec in a list, with {prompt}": { wake_command: exec("./argument", "{prompt}"), carries: "prompt", isBounded: true },
  "exec in a list, with {prompt_file}": {
    wake_command: exec("./file", "{prompt_file}"),
    carries: "prompt",
    isBounded: false
  },
  "exec in a list, with {task_file}": {
    wake_command: exec("./file", "{task_file}"),
    carries: "payload",
    isBounded: false
  },
  "exec in a line, on standard input": { wake_command: execLine("./input"), carries: "prompt", isBounded: false },
  "exec in a line, with {prompt}": {
    wake_command: execLine("./argument {prompt}"),
    carries: "prompt",
    isBounded: true
  }
}

/** The task's text as it stands in what arrived. */
const textIn = (arrived: string, carries: Way["carries"]): unknown => {
  if (carries === "text") return arrived
  if (carries === "payload") {
    const payload: { readonly description: unknown } = JSON.parse(arrived)
    return payload.description
  }
  return /===== task ([0-9a-f]{16}) begins =====\n(.*)\n===== task \1 ends =====/s.exec(arrived)?.[2]
}

/** Wakes an agent with this text; what arrived, or the sentence that says why it cannot. */
const wakeWith = (text: string, { carries, wake_command }: Way) =>
  Effect.scoped(Effect.gen(function*() {
    const folder = yield* makeFolder
    for (const [name, script] of Object.entries(agents)) {
      writeFileSync(folder.file(name), script)
      chmodSync(folder.file(name), 0o755)
    }
    const waker = yield* wakerOf(folder, { wake_command })
    const metadata = { [text.slice(0, 100)]: text.slice(0, 1_000) }
    const woken = yield* Effect.result(waker.wake(taskOf("t1", { description: text, metadata }), wakeId))
    if (woken._tag === "Failure") return { refused: woken.failure.remedy, pwned: folder.has("pwned") }
    yield* woken.success.end
    const ours = new Set([...Object.keys(agents), "arrived", "outbox", "results", "tasks"])
    const pwned = readdirSync(folder.path).filter((name) => !ours.has(name)).length > 0
    if (existsSync(folder.file("arrived"))) {
      return { arrived: textIn(readFileSync(folder.file("arrived"), "utf8"), carries), pwned }
    }
    const answer: { readonly reason: string } = JSON.parse(folder.read("results", "t1.json"))
    return { refused: answer.reason, pwned }
  }))

describe("a task's text", () => {
  for (const [name, way] of Object.entries(ways)) {
    it.live(
      `is never run and arrives byte for byte, or is refused in one sentence, through ${name}`,
      () =>
        Effect.forEach(Object.entries(texts), ([what, text]) =>
          Effect.map(wakeWith(text, way), (outcome) => {
            expect([what, outcome.pwned]).toEqual([what, false])
            const isNul = what === "a NUL" && way.carries === "prompt"
            if (way.isBounded && (isNul || what === "200 KiB")) {
              expect([what, outcome.refused]).toEqual([what, expect.stringMatching(/^the \w+ [^\n]+: [^\n]+ [^\n.]+$/)])
            } else {
              const expected = way.carries === "text" ? text.replaceAll("\0", "") : text
              expect([what, outcome.arrived === expected, outcome.refused]).toEqual([what, true, undefined])
            }
          }), { concurrency: 2 })
    )
  }
})
