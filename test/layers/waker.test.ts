import { describe, expect, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import { spawn } from "node:child_process"
import { mkdirSync, readdirSync, realpathSync, rmSync, writeFileSync } from "node:fs"
import { payload_in_env_bytes } from "../../src/agent/input.ts"
import type { Task } from "../../src/domain/Work.ts"
import { posixLaunch } from "../../src/process/launcher.ts"
import { processLimits } from "../../src/process/limits.ts"
import { recordPrefix } from "../../src/process/wakeFiles.ts"
import {
  type Folder,
  isRunning,
  makeFolder,
  makeZombie,
  startTimeOf,
  taskOf,
  thisBoot,
  token,
  until,
  wakerOf,
  wokenTask
} from "./support.ts"

const wakeId = "g2a1t1795000000002"

/** Wakes and waits for the end. */
const run = Effect.fnUntraced(function*(folder: Folder, wake_command: string, task: Task = taskOf("t1")) {
  const waker = yield* wakerOf(folder, { wake_command })
  const { end } = yield* waker.wake(task, wakeId)
  return yield* end
})

const writeRecord = (folder: Folder, task_id: string, wake_id: string, record: object | string) => {
  mkdirSync(folder.file("tasks"), { recursive: true })
  writeFileSync(
    folder.file("tasks", `${task_id}.${wake_id}.wake`),
    typeof record === "string" ? record : JSON.stringify(record)
  )
}

const recordOf = (pid: number, more: object = {}) => ({
  wake_id: wakeId,
  boot: thisBoot(),
  log_offset: 0,
  pid,
  start_time: startTimeOf(pid),
  ...more
})

/** A process of no wake, which must never be signalled. */
const stranger = Effect.fnUntraced(function*(folder: Folder) {
  const child = spawn("/bin/sh", ["-c", "exec sleep 60"], { detached: true, stdio: "ignore" })
  child.unref()
  return folder.adopt(yield* until("a stranger", () => child.pid))
})

describe("what the agent is given", () => {
  const evil: ReadonlyArray<readonly [string, string]> = [
    ["double quotes", `"; touch pwned; echo "`],
    ["single quotes", `'; touch pwned; echo '`],
    ["command substitution", "$(touch pwned)"],
    ["backticks", "`touch pwned`"],
    ["newlines", "one\ntouch pwned\r\nthree"],
    ["a semicolon", "; touch pwned;"],
    ["a pipe and redirections", "| touch pwned > pwned < /dev/null & touch pwned"],
    ["variables of other shells", "%PATH% !PATH! ${PATH} $HOME"],
    ["backslashes", "\\\" \\$(touch pwned) \\\\"],
    ["a NUL", "before\0$(touch pwned)\0after"],
    ["emoji and right-to-left text", "🦀 שלום \u202Etouch pwned\u202C مرحبا"],
    ["globs and braces", "* ? [a-z] {a,b} ~"],
    ["a dash in front", "-n --help"],
    ["a lone surrogate", "\uD800 alone"],
    ["control characters", "\u0001\u001b[31m\u007f"]
  ]
  const command = `cat "$TASK_FILE" > from.file; printf %s "$TASK_JSON" > from.json; ` +
    `printf %s "$TASK_DESCRIPTION" > from.description; printf '%s\\n' "$TASK_ID" "$TASK_FILE" "$RESULTS_DIR" > from.names`

  for (const [name, text] of evil) {
    it.live(`${name} in a task's text do nothing and arrive byte for byte`, () =>
      Effect.gen(function*() {
        const folder = yield* makeFolder
        const metadata = { [text]: text, nested: [{ deep: text }] }
        const end = yield* run(folder, command, taskOf("t1", { description: text, metadata }))
        expect(end).toEqual({ how: "exited", code: 0, output: "" })
        expect(JSON.parse(folder.read("from.file"))).toEqual({
          type: "task_assign",
          task_id: "t1",
          description: text,
          metadata,
          generation: 2,
          assigned_at: 1_795_000_000_000,
          priority: "high"
        })
        expect(folder.read("from.json")).toBe(folder.read("from.file"))
        expect(folder.read("from.description")).toBe(text.replaceAll("\0", "").toWellFormed())
        expect(folder.read("from.names")).toBe(`t1\n${folder.file("tasks", "t1.json")}\n${folder.file("results")}\n`)
        expect(readdirSync(folder.path).toSorted()).toEqual(
          ["from.description", "from.file", "from.json", "from.names", "outbox", "results", "tasks"]
        )
      }))
  }

  it.live("the daemon's own frame fields win over those of the assignment that differ", () =>
    Effect.gen(function*() {
      const folder = yield* makeFolder
      yield* run(folder, "true", taskOf("t1", { assignment: { task_id: "other", generation: 9, extra: [1] } }))
      expect(JSON.parse(folder.read("tasks", "t1.json"))).toMatchObject({ task_id: "t1", generation: 2, extra: [1] })
    }))

  const large = taskOf("t1", { description: "x".repeat(1024 * 1024) })

  it.live("a payload of 1 MiB arrives byte for byte through TASK_FILE, and TASK_JSON is not set", () =>
    Effect.gen(function*() {
      const folder = yield* makeFolder
      const end = yield* run(folder, `cat "$TASK_FILE" > copy; env > env`, large)
      expect(end.code).toBe(0)
      expect(JSON.parse(folder.read("copy"))).toMatchObject({
        description: large.payload.description,
        priority: "high"
      })
      expect(folder.read("copy")).toBe(folder.read("tasks", "t1.json"))
      expect(folder.read("env")).not.toMatch(/^TASK_(?:JSON|DESCRIPTION)=/m)
    }))

  for (const name of ["TASK_JSON", "TASK_DESCRIPTION"]) {
    it.live(`a command that uses ${name} is impossible where the variable would be too large, and nothing is spawned`, () =>
      Effect.gen(function*() {
        const folder = yield* makeFolder
        const error = yield* Effect.flip(run(folder, `touch ran; echo "\${${name}}"`, large))
        expect(error).toMatchObject({ _tag: "WakeImpossible" })
        expect(error.remedy).toContain(`\${${name}}`)
        expect(error.remedy).toContain("${TASK_FILE}")
        expect(readdirSync(folder.path)).toEqual([])
      }))
  }

  it.live("a name that only begins like a variable of ours is none of it", () =>
    Effect.gen(function*() {
      const folder = yield* makeFolder
      expect(yield* run(folder, `: $TASK_JSON_PATH $MY_TASK_JSON`, large)).toMatchObject({ code: 0 })
    }))

  it.live("the largest payload that fits is set whole", () =>
    Effect.gen(function*() {
      const folder = yield* makeFolder
      const size = (description: string) =>
        JSON.stringify({ ...taskOf("t1", { description }).payload.assignment, assigned_at: 1_795_000_000_000 }).length
      const task = taskOf("t1", { description: "y".repeat(payload_in_env_bytes - size("")) })
      const end = yield* run(folder, `printf %s "$TASK_JSON" > from.json`, task)
      expect(end.code).toBe(0)
      expect(folder.read("from.json").length).toBe(payload_in_env_bytes)
    }))

  it.live("neither the daemon's secrets nor the variables of an outer wake are in its environment", () =>
    Effect.gen(function*() {
      const folder = yield* makeFolder
      const added = {
        AGENTCOM_TOKEN: token,
        AGENTCOM_ANYTHING: "x",
        agentcom_lower: "x",
        COPY_OF_IT: token,
        HEADER_WITH_IT: `Bearer ${token}`,
        TASK_DESCRIPTION: "outer",
        TASK_JSON: "outer",
        KEPT: "kept"
      }
      yield* Effect.acquireRelease(
        Effect.sync(() => Object.assign(process.env, added)),
        () => Effect.sync(() => Object.keys(added).forEach((name) => delete process.env[name]))
      )
      yield* run(
        folder,
        "env > env; cat /proc/$$/environ > own",
        taskOf("t1", { description: "z".repeat(1024 * 1024) })
      )
      for (const name of ["env", "own"]) {
        const environment = folder.read(name)
        expect(environment).toContain("KEPT=kept")
        expect(environment).not.toContain(token)
        expect(environment).not.toContain("outer")
        expect(environment.match(/agentcom_\w+=[^\0\n]*/gi)?.toSorted()).toEqual([
          `AGENTCOM_NODE=${process.execPath}`,
          `AGENTCOM_WAKE_ID=${wakeId}`
        ])
      }
    }))

  it.live("OPENCLAW_SHELL=exec, with which openclaw would not run, is named at the start, and only where it matters", () =>
    Effect.gen(function*() {
      yield* Effect.acquireRelease(
        Effect.sync(() => Object.assign(process.env, { OPENCLAW_SHELL: "exec" })),
        () => Effect.sync(() => delete process.env["OPENCLAW_SHELL"])
      )
      const [concerned, other] = [yield* makeFolder, yield* makeFolder]
      yield* run(concerned, "env > env # openclaw")
      yield* run(other, "env > env")
      expect(concerned.events).toEqual([
        { event: "wake_obstructed", reason: expect.stringContaining("openclaw refuses to run") }
      ])
      expect(other.events).toEqual([])
      expect(other.read("env")).toContain("OPENCLAW_SHELL=exec")
    }))

  it.live("the command runs in the agent's folder, leads its own process group and reads nothing from standard input", () =>
    Effect.gen(function*() {
      const folder = yield* makeFolder
      yield* run(folder, `pwd > cwd; cat > input; cut -d' ' -f1,5,6 /proc/$$/stat > ids`)
      expect(folder.read("cwd")).toBe(`${folder.path}\n`)
      expect(folder.read("input")).toBe("")
      const [pid, group, session] = folder.read("ids").trim().split(" ")
      expect([group, session]).toEqual([pid, pid])
    }))
})

describe("how a wake ends", () => {
  it.live("with its exit code and the end of what it printed", () =>
    Effect.gen(function*() {
      const folder = yield* makeFolder
      expect(yield* run(folder, "echo out; echo err >&2; exit 7")).toEqual({
        how: "exited",
        code: 7,
        output: "out\nerr"
      })
    }))

  it.live("with the signal that killed it", () =>
    Effect.gen(function*() {
      const folder = yield* makeFolder
      expect(yield* run(folder, "echo before; kill -KILL $$")).toEqual({
        how: "killed",
        code: null,
        output: "ended by SIGKILL\nbefore"
      })
    }))

  it.live("with what the shell says of a program that is missing", () =>
    Effect.gen(function*() {
      const folder = yield* makeFolder
      const end = yield* run(folder, "no-such-program-anywhere --flag")
      expect(end).toMatchObject({ how: "exited", code: 127 })
      expect(end.output).toContain("no-such-program-anywhere")
    }))

  it.live("as unspawned where it cannot be spawned", () =>
    Effect.gen(function*() {
      const folder = yield* makeFolder
      const waker = yield* wakerOf(folder, { agent_dir: folder.file("missing") })
      const { end } = yield* waker.wake(taskOf("t1"), wakeId)
      expect(yield* end).toMatchObject({ how: "unspawned", code: null, output: expect.stringContaining("ENOENT") })
      mkdirSync(folder.file("missing"))
      expect(yield* waker.inspect(wokenTask("t1", wakeId))).toEqual({ process: "none", this_boot: true })
    }))

  for (
    const [what, name] of [["its files cannot be written", "tasks"], ["its agent could not answer", "results"]] as const
  ) {
    it.live(`as unwritten, and with the trouble logged, where ${what}`, () =>
      Effect.gen(function*() {
        const folder = yield* makeFolder
        writeFileSync(folder.file(name), "a file where the folder should be")
        expect(yield* run(folder, "touch ran")).toMatchObject({ how: "unwritten", code: null })
        expect(folder.has("ran")).toBe(false)
        expect(folder.events).toMatchObject([{
          event: "file_trouble",
          path: expect.stringContaining(folder.file(name))
        }])
      }))
  }

  it.live("quotes no more than the limit, none of an earlier wake, and no half of a character", () =>
    Effect.gen(function*() {
      const folder = yield* makeFolder
      const command = `if [ -e again ]; then echo second; else touch again; i=0; ` +
        `while [ $i -lt 400 ]; do printf 'aé漢🦀'; i=$((i + 1)); done; fi`
      const first = yield* run(folder, command)
      expect(first.output.length).toBeLessThanOrEqual(processLimits.output_tail_chars)
      expect(first.output.length).toBeGreaterThan(processLimits.output_tail_chars - 2)
      expect("aé漢🦀".repeat(400).endsWith(first.output)).toBe(true)
      const waker = yield* wakerOf(folder, { wake_command: command })
      const { end } = yield* waker.wake(taskOf("t1"), "g2a2t3")
      expect(yield* end).toEqual({ how: "exited", code: 0, output: "second" })
    }))

  it.live("is known to whoever asks late, and more than once", () =>
    Effect.gen(function*() {
      const folder = yield* makeFolder
      const waker = yield* wakerOf(folder, { wake_command: "echo $$ > pid; exit 3" })
      const { end } = yield* waker.wake(taskOf("t1"), wakeId)
      const pid = yield* folder.pid("pid")
      yield* until("the end", () => !isRunning(pid))
      expect([(yield* end).code, (yield* end).code]).toEqual([3, 3])
    }))

  it.live("background children that keep the output open do not hold it back", () =>
    Effect.gen(function*() {
      const folder = yield* makeFolder
      expect(yield* run(folder, "sleep 60 & echo done")).toEqual({ how: "exited", code: 0, output: "done" })
    }))

  it.live("interrupting the wait leaves the process at its work", () =>
    Effect.gen(function*() {
      const folder = yield* makeFolder
      const waker = yield* wakerOf(folder, { wake_command: "echo $$ > pid; exec sleep 60" })
      const { end } = yield* waker.wake(taskOf("t1"), wakeId)
      const pid = yield* folder.pid("pid")
      const waiting = yield* Effect.forkChild(end, { startImmediately: true })
      yield* Fiber.interrupt(waiting)
      expect(yield* waker.inspect(wokenTask("t1", wakeId))).toEqual({ process: "alive", this_boot: true })
      expect(isRunning(pid)).toBe(true)
    }))
})

describe("what is known of a wake", () => {
  it.live("a task that was never woken has no process", () =>
    Effect.gen(function*() {
      const folder = yield* makeFolder
      const waker = yield* wakerOf(folder)
      expect(yield* waker.inspect(taskOf("t1"))).toEqual({ process: "none", this_boot: true })
      expect(readdirSync(folder.path)).toEqual([])
    }))

  it.live("it is alive until its leader ends, and gone then, whatever it leaves running behind it", () =>
    Effect.gen(function*() {
      const folder = yield* makeFolder
      const waker = yield* wakerOf(folder, { wake_command: "sleep 60 & while [ ! -e go ]; do sleep 0.01; done" })
      const { end } = yield* waker.wake(taskOf("t1"), wakeId)
      yield* until("the record", () => folder.has("tasks", `t1.${wakeId}.wake`))
      expect(yield* waker.inspect(wokenTask("t1", wakeId))).toEqual({ process: "alive", this_boot: true })
      writeFileSync(folder.file("go"), "")
      yield* end
      expect(yield* waker.inspect(wokenTask("t1", wakeId))).toEqual({ process: "gone", this_boot: true })
    }))

  it.live("the record is there before the command runs, and names the process that becomes the command", () =>
    Effect.gen(function*() {
      const folder = yield* makeFolder
      yield* run(folder, `cat tasks/t1.*.wake > seen; echo "$$ $(cut -d' ' -f22 /proc/$$/stat)" > self`)
      const [pid, start_time] = folder.read("self").trim().split(" ")
      expect(JSON.parse(folder.read("seen"))).toEqual({
        wake_id: wakeId,
        boot: thisBoot(),
        pid_namespace: expect.stringMatching(/^pid:\[\d+\] \d+$/),
        tasks_dir: realpathSync(folder.file("tasks")),
        log_offset: 0,
        pid: Number(pid),
        start_time
      })
    }))

  const wakesRevoked = [
    ["while its task is held", null],
    ["after its task was forgotten", JSON.stringify({ revoked: true })],
    ["also where a full disk did not take what the revocation says", ""]
  ] as const
  it.live.each(wakesRevoked)(
    "a wake that was revoked before its launcher came never runs the command: %s",
    ([, forgotten]) =>
      Effect.gen(function*() {
        const folder = yield* makeFolder
        const waker = yield* wakerOf(folder)
        expect(yield* waker.inspect(wokenTask("t1", wakeId))).toEqual({ process: "none", this_boot: true })
        const record = folder.file("tasks", `t1.${wakeId}.wake`)
        if (forgotten !== null) {
          writeFileSync(record, forgotten)
          yield* waker.forget("t1", false)
        }
        const launch = posixLaunch(
          record,
          recordPrefix({ wake_id: wakeId, boot: thisBoot(), log_offset: 0 }),
          `touch ${folder.file("ran")}`
        )
        const late = spawn(launch.file, [...launch.args], { stdio: "ignore" })
        const code = yield* Effect.promise(() => new Promise((done) => late.once("exit", done)))
        expect(code).toBe(75)
        expect(folder.has("ran")).toBe(false)
        expect(yield* waker.inspect(wokenTask("t1", wakeId))).toEqual({ process: "none", this_boot: true })
      })
  )

  it.live("of many launchers of one wake exactly one runs the command", () =>
    Effect.gen(function*() {
      const folder = yield* makeFolder
      mkdirSync(folder.file("tasks"))
      const launch = posixLaunch(
        folder.file("tasks", `t1.${wakeId}.wake`),
        recordPrefix({ wake_id: wakeId, boot: thisBoot(), log_offset: 0 }),
        `echo ran >> ${folder.file("ran")}`
      )
      const codes = yield* Effect.promise(() =>
        Promise.all(Array.from({ length: 12 }, () =>
          new Promise((done) =>
            spawn(launch.file, [...launch.args], { stdio: "ignore" }).once("exit", done)
          )))
      )
      expect(codes.filter((code) =>
        code === 0
      )).toHaveLength(1)
      expect(folder.read("ran")).toBe("ran\n")
    }))

  it.live("a record that its launcher has made and not filled yet is waited for", () =>
    Effect.gen(function*() {
      const folder = yield* makeFolder
      const waker = yield* wakerOf(folder)
      const pid = yield* stranger(folder)
      writeRecord(folder, "t1", wakeId, "")
      const inspecting = yield* Effect.forkChild(waker.inspect(wokenTask("t1", wakeId)), { startImmediately: true })
      yield* Effect.sleep(100)
      writeRecord(folder, "t1", wakeId, recordOf(pid))
      expect(yield* Fiber.join(inspecting)).toEqual({ process: "alive", this_boot: true })
    }))

  it.live("a record whose launcher died before it filled it is of a wake that never ran", () =>
    Effect.gen(function*() {
      const folder = yield* makeFolder
      const waker = yield* wakerOf(folder)
      writeRecord(folder, "t1", wakeId, "")
      expect(yield* waker.inspect(wokenTask("t1", wakeId))).toEqual({ process: "none", this_boot: true })
    }))

  it.live("a recycled pid is not taken for the agent, and is not signalled", () =>
    Effect.gen(function*() {
      const folder = yield* makeFolder
      const waker = yield* wakerOf(folder)
      const pid = yield* stranger(folder)
      writeRecord(folder, "t1", wakeId, recordOf(pid, { start_time: "1" }))
      expect(yield* waker.inspect(wokenTask("t1", wakeId))).toEqual({ process: "gone", this_boot: true })
      expect(yield* waker.survivors).toEqual([])
      expect(yield* waker.stop("t1", 0)).toBe(false)
      expect(isRunning(pid)).toBe(true)
    }))

  it.live("a zombie is gone", () =>
    Effect.gen(function*() {
      const folder = yield* makeFolder
      const waker = yield* wakerOf(folder)
      const pid = yield* makeZombie(folder)
      writeRecord(folder, "t1", wakeId, recordOf(pid))
      expect(yield* waker.inspect(wokenTask("t1", wakeId))).toEqual({ process: "gone", this_boot: true })
      expect(yield* waker.stop("t1", 0)).toBe(false)
    }))

  it.live("a record of another boot of the machine says that it is gone, whoever has its pid now", () =>
    Effect.gen(function*() {
      const folder = yield* makeFolder
      const waker = yield* wakerOf(folder)
      const pid = yield* stranger(folder)
      writeRecord(folder, "t1", wakeId, recordOf(pid, { boot: "another" }))
      expect(yield* waker.inspect(wokenTask("t1", wakeId))).toEqual({ process: "gone", this_boot: false })
      expect(yield* waker.stop("t1", 0)).toBe(false)
      expect(isRunning(pid)).toBe(true)
    }))

  it.live("an agent that emptied its environment is still known by its pid and start time", () =>
    Effect.gen(function*() {
      const folder = yield* makeFolder
      const waker = yield* wakerOf(folder, { wake_command: "echo $$ > pid; exec env -i sleep 60" })
      yield* waker.wake(taskOf("t1"), wakeId)
      const pid = yield* folder.pid("pid")
      expect(yield* waker.inspect(wokenTask("t1", wakeId))).toEqual({ process: "alive", this_boot: true })
      expect(yield* waker.survivors).toEqual(["t1"])
      expect(yield* waker.stop("t1", 0)).toBe(true)
      expect(isRunning(pid)).toBe(false)
    }))
})

describe("an agent of an earlier life of the daemon", () => {
  it.live("is waited for, and its end is unseen, with the end of what it printed", () =>
    Effect.gen(function*() {
      const folder = yield* makeFolder
      const before = yield* wakerOf(folder, {
        wake_command: "echo working; echo $$ > pid; while [ ! -e go ]; do sleep 0.01; done; echo over"
      })
      yield* before.wake(taskOf("t1"), wakeId)
      yield* folder.pid("pid")
      const after = yield* wakerOf(folder)
      const adopted = yield* Effect.forkChild(after.adopt(wokenTask("t1", wakeId), wakeId), { startImmediately: true })
      expect(yield* Effect.timeoutOption(Fiber.join(adopted), 50)).toMatchObject({ _tag: "None" })
      const again = yield* Effect.forkChild(after.adopt(wokenTask("t1", wakeId), wakeId), { startImmediately: true })
      writeFileSync(folder.file("go"), "")
      expect(yield* Fiber.join(again)).toEqual({ how: "unseen", code: null, output: "working\nover" })
    }))

  it.live("survives by its record, or by what it left running; one that is gone does not", () =>
    Effect.gen(function*() {
      const folder = yield* makeFolder
      const waker = yield* wakerOf(folder, {
        wake_command: `case $TASK_ID in leader) exec sleep 60;; left) setsid sleep 60 & echo;; *) exit 0;; esac`
      })
      for (const id of ["leader", "left", "gone", "gone.too"]) {
        const { end } = yield* waker.wake(taskOf(id), wakeId)
        if (id !== "leader") yield* end
      }
      yield* until("the record", () => folder.has("tasks", `leader.${wakeId}.wake`))
      expect((yield* waker.survivors).toSorted()).toEqual(["leader", "left"])
    }))

  it.live("there is none where there is no folder yet", () =>
    Effect.gen(function*() {
      const folder = yield* makeFolder
      expect(yield* (yield* wakerOf(folder)).survivors).toEqual([])
      expect(folder.events).toEqual([])
    }))
})

describe("the files of a task", () => {
  it.live("are removed for exactly that task", () =>
    Effect.gen(function*() {
      const folder = yield* makeFolder
      const waker = yield* wakerOf(folder)
      for (const id of ["a", "a.b", "a.b.c", "ab"]) {
        for (const wake_id of ["g1a1t1", "g1a2t2"]) {
          const { end } = yield* waker.wake(taskOf(id), wake_id)
          yield* end
        }
      }
      yield* waker.forget("a.b", false)
      const left = readdirSync(folder.file("tasks")).toSorted()
      const filesOf = (id: string) =>
        ["g1a1t1.wake", "g1a2t2.wake", "json", "log", "messages.json", "prompt"].map((ending) => `${id}.${ending}`)
      expect(left).toEqual(["a", "a.b.c", "ab"].flatMap(filesOf).toSorted())
      yield* waker.forget("never-there", false)
      expect(folder.events).toEqual([])
    }))

  it.live("that cannot be removed are logged", () =>
    Effect.gen(function*() {
      const folder = yield* makeFolder
      mkdirSync(folder.file("tasks", "t1.json"), { recursive: true })
      yield* (yield* wakerOf(folder)).forget("t1", false)
      expect(folder.events).toMatchObject([{ event: "file_trouble", path: folder.file("tasks", "t1.json") }])
      rmSync(folder.file("tasks"), { recursive: true })
    }))
})
