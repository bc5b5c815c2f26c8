import { describe, expect, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { execFileSync } from "node:child_process"
import { chmodSync, existsSync, mkdirSync, readdirSync, writeFileSync } from "node:fs"
import type { Task } from "../../src/domain/Work.ts"
import type { WakeCommand } from "../../src/process/arguments.ts"
import { describeWith } from "../support/needs.ts"
import type { Folder } from "./support.ts"
import { isRunning, makeFolder, startTimeOf, taskOf, token, wakerOf, wokenTask } from "./support.ts"

const wakeId = "g2a1t1795000000002"

const run = Effect.fnUntraced(function*(
  folder: Folder,
  wake_command: WakeCommand,
  task: Task = taskOf("t1"),
  wake_id = wakeId
) {
  const waker = yield* wakerOf(folder, { wake_command })
  const { end } = yield* waker.wake(task, wake_id)
  return yield* end
})

const script = (folder: Folder, name: string, text: string, mode = 0o755) => {
  writeFileSync(folder.file(name), text)
  chmodSync(folder.file(name), mode)
}

describe("a wake command that is a list", () => {
  it.live("is run without a shell: each text is one argument, whatever stands in it", () =>
    Effect.gen(function*() {
      const folder = yield* makeFolder
      script(folder, "agent", `#!/bin/sh\nprintf '<%s>' "$@" > arguments\n`)
      const texts = ["a b", "", "$(touch pwned)", "`touch pwned`", "*", "; touch pwned", "\"'\\", "-n", "--", "$HOME"]
      expect(yield* run(folder, ["./agent", ...texts])).toEqual({ how: "exited", code: 0, output: "" })
      expect(folder.read("arguments")).toBe(texts.map((text) => `<${text}>`).join(""))
      expect(folder.has("pwned")).toBe(false)
    }))

  it.live("has its placeholders replaced inside each argument, once, and keeps what is none", () =>
    Effect.gen(function*() {
      const folder = yield* makeFolder
      script(folder, "agent", `#!/bin/sh\nprintf '%s\\n' "$@" > arguments\n`)
      yield* run(folder, [
        "./agent",
        "agentcom-${TASK_ID}",
        "${TASK_FILE}",
        "${TASK_PROMPT_FILE}",
        "x=${RESULTS_DIR}/a",
        "{task_id},{task_file}",
        "{prompt_file}",
        "{results_dir}",
        "${HOME}${TASK_IDX}{task}{}$TASK_ID{TASK_ID}"
      ])
      const [file, prompt, results] = [
        folder.file("tasks", "t1.json"),
        folder.file("tasks", "t1.prompt"),
        folder.file("results")
      ]
      expect(folder.read("arguments")).toBe(
        `agentcom-t1\n${file}\n${prompt}\nx=${results}/a\nt1,${file}\n${prompt}\n${results}\n` +
          "${HOME}${TASK_IDX}{task}{}$TASK_ID{TASK_ID}\n"
      )
    }))

  it.live("gets the prompt as an argument byte for byte, alone or behind the name of an option", () =>
    Effect.gen(function*() {
      const folder = yield* makeFolder
      script(folder, "agent", `#!/bin/sh\nprintf %s "$1" > one; printf %s "$2" > two\n`)
      yield* run(
        folder,
        ["./agent", "{prompt}", "--text={prompt}"],
        taskOf("t1", { description: "{task_id} ${TASK_ID}" })
      )
      expect(folder.read("one")).toBe(folder.read("tasks", "t1.prompt"))
      expect(folder.read("two")).toBe(`--text=${folder.read("tasks", "t1.prompt")}`)
      expect(folder.read("one")).toContain("{task_id} ${TASK_ID}")
    }))

  it.live("becomes the program itself: the record names its pid, and its end is known", () =>
    Effect.gen(function*() {
      const folder = yield* makeFolder
      const waker = yield* wakerOf(folder, { wake_command: ["sh", "-c", "echo $$ > pid; read x < go; exit 4"] })
      execFileSync("mkfifo", [folder.file("go")])
      const { end } = yield* waker.wake(taskOf("t1"), wakeId)
      const pid = yield* folder.pid("pid")
      const record: unknown = JSON.parse(folder.read("tasks", `t1.${wakeId}.wake`))
      expect(record).toMatchObject({ pid, start_time: startTimeOf(pid) })
      expect(yield* waker.inspect(wokenTask("t1", wakeId))).toEqual({ process: "alive", this_boot: true })
      writeFileSync(folder.file("go"), "x\n")
      expect(yield* end).toMatchObject({ how: "exited", code: 4 })
    }))

  it.live("is stopped with all that it started", () =>
    Effect.gen(function*() {
      const folder = yield* makeFolder
      const waker = yield* wakerOf(folder, {
        wake_command: [
          "sh",
          "-c",
          "sleep 60 & echo $! > child; setsid sleep 60 & echo $$ > pid; wait"
        ]
      })
      yield* waker.wake(taskOf("t1"), wakeId)
      const pids = [yield* folder.pid("child"), yield* folder.pid("pid")]
      expect(yield* waker.stop("t1", 0)).toBe(true)
      expect(pids.filter(isRunning)).toEqual([])
      expect(yield* waker.survivors).toEqual([])
    }))

  it.live("runs in the agent's folder, in its environment, without the daemon's secrets", () =>
    Effect.gen(function*() {
      const folder = yield* makeFolder
      yield* run(folder, ["sh", "-c", "pwd > cwd; env > env"])
      expect(folder.read("cwd")).toBe(`${folder.path}\n`)
      expect(folder.read("env")).toContain(`TASK_PROMPT_FILE=${folder.file("tasks", "t1.prompt")}\n`)
      expect(folder.read("env")).not.toContain(token)
    }))
})

describe("a list whose program this machine cannot run", () => {
  const unspawned = (folder: Folder, wake_command: WakeCommand) =>
    Effect.map(run(folder, wake_command), ({ how, output }) => {
      expect(how).toBe("unspawned")
      return output
    })

  it.live("names it in one sentence, at once, and nothing is written", () =>
    Effect.gen(function*() {
      const folder = yield* makeFolder
      expect(yield* unspawned(folder, ["no-such-program-anywhere", "{prompt}"])).toBe(
        "there is no program no-such-program-anywhere where the sidecar looks for it " +
          "(its PATH): install it, or give its whole path"
      )
      expect(yield* unspawned(folder, ["./missing"])).toContain("there is no program ./missing ")
      expect(yield* unspawned(folder, [folder.path])).toContain(`there is no program ${folder.path} `)
      expect(readdirSync(folder.path)).toEqual([])
    }))

  it.live("behind our own exec too", () =>
    Effect.gen(function*() {
      const folder = yield* makeFolder
      script(folder, "agentcom-sidecar", "#!/bin/sh\n")
      const behind = ["./agentcom-sidecar", "exec", "--", "./missing", "{prompt}"]
      expect(yield* unspawned(folder, behind)).toContain("there is no program ./missing ")
    }))

  it.live("as its file may not be run, says so", () =>
    Effect.gen(function*() {
      const folder = yield* makeFolder
      script(folder, "agent", "#!/bin/sh\n", 0o644)
      expect(yield* unspawned(folder, ["./agent"])).toBe("the program ./agent cannot be run: permission denied")
    }))

  it.live("as its interpreter is missing", () =>
    Effect.gen(function*() {
      const folder = yield* makeFolder
      script(folder, "agent", "#!/no/such/interpreter\n")
      expect(yield* unspawned(folder, ["./agent"])).toBe(
        "./agent is a script for /no/such/interpreter, which is not there: install that, or fix the first line of the script"
      )
    }))

  it.live("a program that runs and ends with 127 was an attempt", () =>
    Effect.gen(function*() {
      const folder = yield* makeFolder
      expect(yield* run(folder, ["sh", "-c", "echo 'sh: 1: claude: not found' >&2; exit 127"]))
        .toMatchObject({ how: "exited", code: 127 })
    }))
})

describe("a list that can never run for a task", () => {
  const impossible = (folder: Folder, wake_command: WakeCommand, task?: Task) =>
    Effect.map(Effect.flip(run(folder, wake_command, task)), (error) => error.remedy)

  it.live("as an argument would be larger than the system takes, or hold a NUL, says what to do", () =>
    Effect.gen(function*() {
      const folder = yield* makeFolder
      const large = yield* impossible(
        folder,
        ["true", "{prompt}"],
        taskOf("t1", { description: "x".repeat(200 * 1024) })
      )
      expect(large).toMatch(
        /^the wake_command would have an argument of \d+ bytes, more than the 131071 that one can hold: /
      )
      expect(large).toContain("{prompt_file}")
      const nul = yield* impossible(folder, ["true", "{prompt}"], taskOf("t1", { description: "a\0b" }))
      expect(nul).toMatch(/^the wake_command would hold a NUL character, which no argument can: use \{prompt_file\}/)
    }))

  it.live("the largest prompt that fits an argument arrives", () =>
    Effect.gen(function*() {
      const folder = yield* makeFolder
      yield* run(folder, ["true"])
      const room = 128 * 1024 - 1 - folder.read("tasks", "t1.prompt").length
      const task = taskOf("t1", { description: `say hello${"x".repeat(room)}` })
      const count = ["sh", "-c", "printf %s \"$1\" | wc -c > size", "sh", "{prompt}"]
      expect(yield* run(folder, count, task, "g2a2t2")).toMatchObject({ code: 0 })
      expect(Number(folder.read("size"))).toBe(128 * 1024 - 1)
    }))

  it.live("is found where the PATH says, not only in the first folder", () =>
    Effect.gen(function*() {
      const folder = yield* makeFolder
      mkdirSync(folder.file("bin"))
      script(folder, "bin/my-agent", "#!/bin/sh\ntouch ran\n")
      const { PATH } = process.env
      yield* Effect.acquireRelease(
        Effect.sync(() => void (process.env.PATH = `${PATH}:${folder.file("bin")}`)),
        () => Effect.sync(() => void (process.env.PATH = PATH))
      )
      yield* run(folder, ["my-agent"])
      expect(existsSync(folder.file("ran"))).toBe(true)
    }))
})

describe("a line for the shell whose program is missing", () => {
  it.live("names it in one sentence at its first attempt, and what the shell said stays in the log", () =>
    Effect.gen(function*() {
      const folder = yield* makeFolder
      const missing = yield* run(folder, "no-such-program-anywhere --flag")
      expect(missing).toEqual({
        how: "exited",
        code: 127,
        output: "there is no program no-such-program-anywhere where the sidecar looks for it (its PATH): install it, " +
          "or give its whole path"
      })
      expect(folder.read("tasks", "t1.log")).toContain("no-such-program-anywhere: not found")
    }))

  it.live("or may not be run, names it too", () =>
    Effect.gen(function*() {
      const folder = yield* makeFolder
      script(folder, "agent", "#!/bin/sh\n", 0o644)
      expect(yield* run(folder, "exec ./agent \"${TASK_FILE}\"")).toMatchObject({
        code: 126,
        output: "the program ./agent cannot be run: permission denied"
      })
    }))
})

describe("what a command printed before it ended", () => {
  it.live("is quoted without the token and without what looks like a secret", () =>
    Effect.gen(function*() {
      const folder = yield* makeFolder
      const end = yield* run(folder, `echo "used ${token} and sk-abcdefghijklmnop, password=hunter22"; exit 1`)
      expect(end.output).toBe("used <redacted> and <redacted>, password=<redacted>")
    }))

  it.live("without half of a secret, where its end is all that is quoted", () =>
    Effect.gen(function*() {
      const folder = yield* makeFolder
      const end = yield* run(folder, `printf '%s%0995d' "${token}" 0; exit 1`)
      expect(end.output).not.toContain(token.slice(-5))
    }))
})

describeWith("bash", "an agent in the list form", () => {
  it.live("is given the variables whose names are none of a shell", () =>
    Effect.gen(function*() {
      const folder = yield* makeFolder
      script(
        folder,
        "agent.cjs", // whatever a package.json above the folder says
        `#!${process.execPath}\nrequire("fs").writeFileSync("given", JSON.stringify(process.env))\n`
      )
      const added = { "my.api.key": "one", "INPUT_A-B": "two", "BASH_FUNC_f%%": "() { :; }" }
      yield* Effect.acquireRelease(
        Effect.sync(() => Object.assign(process.env, added)),
        () => Effect.sync(() => Object.keys(added).forEach((name) => delete process.env[name]))
      )
      expect(yield* run(folder, ["./agent.cjs"])).toMatchObject({ code: 0 })
      expect(JSON.parse(folder.read("given"))).toMatchObject(added)
    }))
})
