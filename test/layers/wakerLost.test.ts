import { describe, expect, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import { spawn } from "node:child_process"
import { once } from "node:events"
import { existsSync, mkdirSync, readdirSync, rmSync, writeFileSync } from "node:fs"
import { posixLaunch, unrecorded_exit } from "../../src/process/launcher.ts"
import { recordPrefix } from "../../src/process/wakeFiles.ts"
import { type Folder, isRunning, makeFolder, taskOf, until, wakerOf, wokenTask } from "./support.ts"

const wakeId = "g2a1t1795000000002"
const woken = wokenTask("t1", wakeId)
const alive = { process: "alive", this_boot: true }
const none = { process: "none", this_boot: true }

const atWork = "echo $$ > pid; exec sleep 60"
/** Known by nothing but its pid and start time. */
const bare = "echo $$ > pid; exec env -i sleep 60"

const lose = (folder: Folder) => Effect.sync(() => rmSync(folder.file("tasks"), { recursive: true }))

const woke = Effect.fnUntraced(function*(folder: Folder, wake_command: string) {
  const waker = yield* wakerOf(folder, { wake_command })
  const { end } = yield* waker.wake(taskOf("t1"), wakeId)
  const pid = yield* folder.pid("pid")
  yield* until("the record", () => folder.has("tasks", `t1.${wakeId}.wake`))
  return { waker, end, pid }
})

describe("an agent whose wake record is lost", () => {
  for (const [how, command] of [["as it is", atWork], ["with no environment", bare]] as const) {
    it.live(`${how}: is alive to the life that woke it, and is stopped`, () =>
      Effect.gen(function*() {
        const folder = yield* makeFolder
        const { pid, waker } = yield* woke(folder, command)
        yield* lose(folder)
        expect(yield* waker.inspect(woken)).toEqual(alive)
        expect(existsSync(folder.file("tasks"))).toBe(false)
        expect(yield* waker.survivors).toEqual(["t1"])
        expect(yield* waker.stop("t1", 0)).toBe(true)
        expect(isRunning(pid)).toBe(false)
      }))
  }

  it.live("before a restart: is alive by its cookie, its end is waited for, and it is stopped", () =>
    Effect.gen(function*() {
      const folder = yield* makeFolder
      const { pid } = yield* woke(folder, atWork)
      yield* lose(folder)
      const after = yield* wakerOf(folder)
      expect(yield* after.inspect(woken)).toEqual(alive)
      const adopted = yield* Effect.forkChild(after.adopt(woken, wakeId), { startImmediately: true })
      expect(yield* after.inspect(woken)).toEqual(alive)
      expect(yield* after.stop("t1", 0)).toBe(true)
      expect(isRunning(pid)).toBe(false)
      expect(yield* Fiber.join(adopted)).toMatchObject({ how: "unseen" })
      expect(yield* after.inspect(woken)).toEqual(none)
    }))

  it.live("is none where only a launcher lives, however slow, and that never becomes the command", () =>
    Effect.gen(function*() {
      const folder = yield* makeFolder
      const waker = yield* wakerOf(folder)
      const known = { wake_id: wakeId, boot: "", log_offset: 0 }
      const record = folder.file("tasks", `t1.${wakeId}.wake`)
      const { args: [flag = "", script = "", ...rest], env: more, file } = posixLaunch(
        record,
        recordPrefix(known),
        "touch ran"
      )
      const env = { ...process.env, AGENTCOM_WAKE_ID: wakeId, TASK_FILE: folder.file("tasks", "t1.json"), ...more }
      const held = `while [ ! -e go ]; do sleep 0.01; done\n${script}`
      const launcher = spawn(file, [flag, held, ...rest], { env, cwd: folder.path, detached: true, stdio: "ignore" })
      folder.adopt(yield* until("a launcher", () => launcher.pid))
      const ended = once(launcher, "exit")
      expect(yield* waker.inspect(woken)).toEqual(none)
      writeFileSync(folder.file("go"), "")
      expect(yield* Effect.promise(() => ended)).toEqual([unrecorded_exit, null])
      expect(folder.has("ran")).toBe(false)
    }))
})

describe("a wake that could not begin", () => {
  it.live("as its record could not be written whole, is unwritten, and leaves none behind", () =>
    Effect.gen(function*() {
      const folder = yield* makeFolder
      const waker = yield* wakerOf(folder, { wake_command: "touch ran" })
      mkdirSync(folder.file("tasks"))
      writeFileSync(folder.file("tasks", `t1.${wakeId}.wake`), "") // what a launcher leaves on a full disk
      const { end } = yield* waker.wake(taskOf("t1"), wakeId)
      expect(yield* end).toMatchObject({ how: "unwritten", code: null })
      expect(folder.events).toMatchObject([{ event: "file_trouble", path: folder.file("tasks", `t1.${wakeId}.wake`) }])
      expect(yield* waker.inspect(woken)).toEqual(none)
      expect(yield* waker.stop("t1", 0)).toBe(false)
      expect(readdirSync(folder.file("tasks")).toSorted()).toEqual([
        "t1.json",
        "t1.log",
        "t1.messages.json",
        "t1.prompt"
      ])
      expect(folder.has("ran")).toBe(false)
    }))

  it.live("as the agent could not answer, makes no record of it", () =>
    Effect.gen(function*() {
      const folder = yield* makeFolder
      const waker = yield* wakerOf(folder)
      writeFileSync(folder.file("results"), "a file where the folder should be")
      const { end } = yield* waker.wake(taskOf("t1"), wakeId)
      expect(yield* end).toMatchObject({ how: "unwritten" })
      expect(yield* waker.inspect(woken)).toEqual(none)
      expect(folder.has("tasks")).toBe(false)
    }))

  it.live("is none of a command that ends with the launcher's code", () =>
    Effect.gen(function*() {
      const folder = yield* makeFolder
      const waker = yield* wakerOf(folder, { wake_command: "exit 75" })
      const { end } = yield* waker.wake(taskOf("t1"), wakeId)
      expect(yield* end).toEqual({ how: "exited", code: 75, output: "" })
      expect(yield* waker.inspect(woken)).toEqual({ process: "gone", this_boot: true })
    }))
})
