import { describe, expect, it } from "@effect/vitest"
import { mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { dirname, join, resolve } from "node:path"
import {
  carryProblem,
  execArgumentsProblem,
  fillArguments,
  fillWholeArguments,
  wakeArgumentsProblem
} from "../../src/process/arguments.ts"
import { programProblemIn } from "../../src/process/programs.ts"
import { nameMissingProgram } from "../../src/process/spawn.ts"

const values = {
  task_id: "t1",
  task_file: "/t.json",
  prompt_file: "/t.prompt",
  results_dir: "/r",
  prompt: "{task_id} $&"
}

describe("the placeholders of a list", () => {
  it("in braces are left to our exec where they stand behind it, those of the environment are not", () => {
    for (
      const own of ["agentcom-sidecar", "/usr/bin/agentcom-sidecar", "C:\\npm\\agentcom-sidecar.cmd", "a/dist/main.js"]
    ) {
      const list = ["nice", own, "exec", "--", "claude", "-p", "{prompt}", "${TASK_ID}"]
      expect(fillArguments(list, values)).toEqual(["nice", own, "exec", "--", "claude", "-p", "{prompt}", "t1"])
    }
    expect(fillArguments(["other", "exec", "--", "{prompt}"], values)).toEqual(["other", "exec", "--", values.prompt])
  })

  it("of another kind of work are none", () => {
    const list = ["agent", "{batch_id}", "${BATCH_ID}", "${MESSAGES_PROMPT_FILE}", "{messages_file}"]
    expect(fillArguments(list, { ...values, messages_file: "/m" })).toEqual([...list.slice(0, -1), "/m"])
    const batch = { prompt: "p", prompt_file: "/m.prompt", batch_id: "b1" }
    expect(fillArguments([...list, "{task_id}", "${TASK_PROMPT_FILE}"], batch)).toEqual(
      ["agent", "b1", "b1", "/m.prompt", "{messages_file}", "{task_id}", "${TASK_PROMPT_FILE}"]
    )
  })

  it("of exec are whole arguments", () => {
    expect(fillWholeArguments(["a", "{prompt}", "{task_id}", "${TASK_ID}", "{x}", "x{task_id}"], values)).toEqual(
      ["a", values.prompt, "t1", "${TASK_ID}", "{x}", "x{task_id}"]
    )
  })
})

describe("a task's text", () => {
  const dangerous: ReadonlyArray<ReadonlyArray<string>> = [
    ["sh", "-c", "{prompt}"],
    ["/bin/bash", "-lc", "{prompt}"],
    ["env", "bash", "-x", "-c", "{prompt}"],
    ["node", "-e", "{prompt}"],
    ["node", "--eval={prompt}"],
    ["python3.12", "-c", "{prompt}"],
    ["perl", "-ne", "{prompt}"],
    ["cmd.exe", "/c", "agent", "{prompt}"],
    ["powershell", "-File", "a.ps1", "{prompt}"]
  ]
  it.each(dangerous.map((list) => [list.join(" "), list] as const))(
    "must not become a program, as in %s",
    (_, list) => {
      expect(wakeArgumentsProblem(list)).toContain("would run {prompt} as a program")
    }
  )

  it.each(["say {prompt}", "x={prompt}", "-x{prompt}", "{prompt}{prompt}", "--x={prompt};"])(
    "must not be part of an argument where it could be code: %s",
    (argument) => {
      expect(wakeArgumentsProblem(["agent", argument])).toMatch(/^must hold \{prompt\} only as a whole argument/)
      expect(execArgumentsProblem(["agent", argument])).toMatch(/^\{prompt\} must be a whole argument/)
    }
  )

  const harmless: ReadonlyArray<ReadonlyArray<string>> = [
    ["claude", "-p", "{prompt}"],
    ["node", "cli.js", "-p", "{prompt}"],
    ["sh", "-c", "agent \"$1\"", "sh", "{prompt}"],
    ["agent", "--message={prompt}"],
    ["agentcom-sidecar", "exec", "--", "a{prompt}"],
    ["sh", "-c", "agent \"$TASK_DESCRIPTION\""]
  ]
  it.each(harmless.map((list) => [list.join(" "), list] as const))("may be an argument, as in %s", (_, list) => {
    expect(wakeArgumentsProblem(list)).toBeUndefined()
  })
})

describe("a program that is missing", () => {
  const said: ReadonlyArray<readonly [shell: string, output: string, program: string]> = [
    ["dash", "/bin/sh: 1: my-agent: not found", "my-agent"],
    ["dash with exec", "/bin/sh: 1: exec: my-agent: not found", "my-agent"],
    ["dash with a path", "/bin/sh: 1: ./my agent.sh: not found", "./my agent.sh"],
    ["bash", "bash: line 1: my-agent: command not found", "my-agent"],
    ["sh of macOS", "sh: my-agent: command not found", "my-agent"],
    ["busybox", "sh: my-agent: not found", "my-agent"],
    ["zsh", "zsh:1: command not found: my-agent", "my-agent"],
    ["env", "/usr/bin/env: ‘my-agent’: No such file or directory", "my-agent"],
    ["bash with a path", "bash: line 1: ./my-agent: No such file or directory", "./my-agent"],
    ["a script", "working\nrun.sh: 3: my-agent: not found\ngiving up", "my-agent"],
    ["nobody", "", "first-word"]
  ]
  it.each(said)("is named as %s names it", (_, output, program) => {
    const [sentence = "", ...rest] = nameMissingProgram("first-word --flag", 127, output).split("\n")
    expect(sentence).toBe(
      `there is no program ${program} where the sidecar looks for it (its PATH): install it, or give its whole path`
    )
    expect(rest.join("\n")).toBe(output.includes("\n") ? output : "")
  })

  it.each([
    ["has the line ends of Windows", "#!/bin/sh\r\nexit\r\n", "has the line ends of Windows (CRLF)"],
    [
      "is for an interpreter that is missing",
      "#!/opt/no-such/python3 -u\n",
      "is a script for /opt/no-such/python3, which"
    ],
    [
      "is for a program that env does not find",
      "#!/usr/bin/env -S no-such-node -x\n",
      "is a script for no-such-node, which"
    ]
  ])("is there, and %s", (_, text, words) => {
    const script = join(mkdtempSync(join(tmpdir(), "sidecar-script-")), "wake.sh")
    writeFileSync(script, text, { mode: 0o755 })
    for (const command of [[script], ["agentcom-sidecar", "exec", "--", script]]) {
      expect(programProblemIn(command, { PATH: `${resolve("dist/bin")}:/usr/bin:/bin` }, "/")).toContain(
        `${script} ${words}`
      )
    }
    rmSync(dirname(script), { recursive: true })
  })

  it("is none where a script has its interpreter, or is none for the system", () => {
    const folder = mkdtempSync(join(tmpdir(), "sidecar-script-"))
    for (
      const [name, text] of Object.entries({ a: "#!/bin/sh\n", b: "#!/usr/bin/env LANG=C sh\n", c: "", d: "# no\r\n" })
    ) {
      writeFileSync(join(folder, name), text, { mode: 0o755 })
      expect(programProblemIn([join(folder, name)], { PATH: "/usr/bin:/bin" }, "/")).toBeUndefined()
    }
    rmSync(folder, { recursive: true })
  })

  it("is named by what a look at it finds", () => {
    const look = (program: string) => `${program} has the wrong line ends`
    expect(nameMissingProgram("./wake.sh", 127, "/bin/sh: 1: ./wake.sh: not found", look)).toBe(
      "./wake.sh has the wrong line ends"
    )
  })

  it("is named by cmd.exe", () => {
    const output = "'my-agent' is not recognized as an internal or external command,\noperable program or batch file."
    expect(nameMissingProgram("my-agent", 9009, output)).toContain("there is no program my-agent ")
  })

  it("or may not be run is told apart", () => {
    expect(nameMissingProgram("x", 126, "/bin/sh: 1: ./agent.sh: Permission denied")).toBe(
      "the program ./agent.sh cannot be run: permission denied"
    )
  })

  it("is not made up for any other exit code, nor for a list whose output does not tell", () => {
    expect(nameMissingProgram("x", 1, "sh: 1: y: not found")).toBe("sh: 1: y: not found")
    expect(nameMissingProgram(null, 127, "no idea")).toBe("no idea")
  })

  it("is the first word of the command where nothing tells, without its quotes", () => {
    expect(nameMissingProgram(`exec "C:\\my agent.exe" x`, 127, "")).toContain("no program C:\\my agent.exe ")
  })
})

describe("the room for arguments", () => {
  it("is 128 KiB for each on POSIX, and about 32 K characters for all on Windows", () => {
    expect(carryProblem(["a", "x".repeat(131_071), "y".repeat(131_071)], "linux")).toBeUndefined()
    expect(carryProblem(["a", "x".repeat(131_072)], "posix")).toContain("131072 bytes")
    expect(carryProblem(["a", "é".repeat(65_536)], "linux")).toContain("131072 bytes")
    expect(carryProblem(["a", "x".repeat(32_000)], "windows")).toBeUndefined()
    expect(carryProblem(["a", "\"".repeat(17_000)], "windows")).toContain("Windows command line")
    expect(carryProblem(["a", "x\0"], "windows")).toContain("NUL")
  })
})
