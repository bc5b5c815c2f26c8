import { describe, expect, it } from "@effect/vitest"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import { writeFileSync } from "node:fs"
import type { Folder } from "./support.ts"
import { isRunning, makeFolder, taskOf, until, wakerOf, wokenTask } from "./support.ts"

const wakeId = "g2a1t1795000000002"

/** A long grace, so that a test which passes soon has passed by SIGTERM alone. */
const patient = 15_000
const impatient = 200

const start = Effect.fnUntraced(function*(folder: Folder, wake_command: string, kill_grace_ms: number) {
  const waker = yield* wakerOf(folder, { wake_command, kill_grace_ms })
  const { end } = yield* waker.wake(taskOf("t1"), wakeId)
  return { waker, end }
})

/** On a busy machine a look at the processes may take too long, and is made again. */
const logged = (folder: Folder) => folder.events.map(({ event }) => event).filter((event) => event !== "file_trouble")

/** Command, how it is stopped, and the files that its processes write their pids to. */
interface Row {
  readonly name: string
  readonly command: string
  readonly grace: number
  readonly pids: ReadonlyArray<string>
  readonly leaderEnds?: true
  readonly signals: 1 | 2
}

const noTerm = `trap "" TERM`

const rows: ReadonlyArray<Row> = [
  {
    name: "a command that does as SIGTERM says",
    command: "echo $$ > pid; exec sleep 60",
    grace: patient,
    pids: ["pid"],
    signals: 1
  },
  {
    name: "a command that ignores SIGTERM",
    command: `${noTerm}; echo $$ > pid; while :; do sleep 1; done`,
    grace: impatient,
    pids: ["pid"],
    signals: 2
  },
  {
    name: "children and grandchildren",
    command: `sh -c 'sh -c "echo \\$\\$ > grandchild; sleep 60" & echo $$ > child; wait' & echo $$ > pid; wait`,
    grace: patient,
    pids: ["pid", "child", "grandchild"],
    signals: 1
  },
  {
    name: "a child that left the group, beside its leader",
    command: `setsid sh -c 'echo $$ > child; exec sleep 60' & echo $$ > pid; wait`,
    grace: patient,
    pids: ["pid", "child"],
    signals: 1
  },
  {
    name: "a child that left the group and ignores SIGTERM, after its leader has ended",
    command:
      `setsid sh -c '${noTerm}; echo $$ > child; while :; do sleep 1; done' & while [ ! -e child ]; do sleep 0.01; done`,
    grace: impatient,
    pids: ["child"],
    leaderEnds: true,
    signals: 2
  },
  {
    name: "background children of a leader that has ended",
    command: `sh -c 'echo $$ > child; exec sleep 60' & while [ ! -e child ]; do sleep 0.01; done`,
    grace: patient,
    pids: ["child"],
    leaderEnds: true,
    signals: 1
  },
  {
    name: "a background child without the cookie, of a leader that has ended",
    command: `env -i /bin/sh -c 'echo $$ > child; exec /bin/sleep 60' & while [ ! -e child ]; do sleep 0.01; done`,
    grace: patient,
    pids: ["child"],
    leaderEnds: true,
    signals: 1
  },
  {
    name: "a child without the cookie that outlives its leader by ignoring SIGTERM",
    command: `env -i /bin/sh -c '${noTerm}; echo $$ > child; while :; do /bin/sleep 1; done' & echo $$ > pid; wait`,
    grace: impatient,
    pids: ["pid", "child"],
    signals: 2
  },
  {
    name: "a child that left both the group and the cookie, beside its leader",
    command: `setsid env -i /bin/sh -c 'echo $$ > child; exec /bin/sleep 60' & echo $$ > pid; wait`,
    grace: patient,
    pids: ["pid", "child"],
    signals: 1
  },
  {
    name: "the same that outlives its leader by ignoring SIGTERM, with a child of its own",
    command: `setsid env -i /bin/sh -c '${noTerm}; /bin/sh -c "echo \\$\\$ > grandchild; exec /bin/sleep 60" & ` +
      `echo $$ > child; while :; do /bin/sleep 1; done' & echo $$ > pid; wait`,
    grace: impatient,
    pids: ["pid", "child", "grandchild"],
    signals: 2
  }
]

describe("stopping an agent", () => {
  for (const { name, command, grace, pids, leaderEnds, signals } of rows) {
    it.live(`ends ${name}`, () =>
      Effect.gen(function*() {
        const folder = yield* makeFolder
        const { end, waker } = yield* start(folder, command, grace)
        const all = yield* Effect.forEach(pids, folder.pid)
        if (leaderEnds) yield* end
        expect(yield* waker.survivors).toEqual(["t1"])
        expect(yield* waker.stop("t1", 0)).toBe(true)
        expect(all.filter(isRunning)).toEqual([])
        expect(logged(folder)).toEqual(["agent_stopping", "agent_stopping"].slice(0, signals))
        expect(yield* waker.survivors).toEqual([])
        expect(yield* waker.stop("t1", 0)).toBe(false)
        if (!leaderEnds) {
          expect(yield* end).toMatchObject({
            how: "killed",
            output: expect.stringMatching(signals === 1 || pids.length > 1 ? /^ended by SIGTERM/ : /^ended by SIGKILL/)
          })
        }
      }))
  }

  it.live("asks every process exactly once to end", () =>
    Effect.gen(function*() {
      const folder = yield* makeFolder
      const counting = (name: string) =>
        `trap 'echo term >> ${name}.terms' TERM; echo $$ > ${name}; while [ ! -e go ]; do sleep 0.02; done`
      const { waker } = yield* start(
        folder,
        `sh -c "${counting("member").replaceAll("$", "\\$")}" & setsid sh -c "${
          counting("stray").replaceAll("$", "\\$")
        }" & ${counting("leader")}`,
        patient
      )
      yield* Effect.forEach(["member", "stray", "leader"], folder.pid)
      const stopping = yield* Effect.forkChild(waker.stop("t1", 0), { startImmediately: true })
      yield* until("all three were asked", () =>
        ["member", "stray", "leader"].every((name) => folder.has(`${name}.terms`)))
      writeFileSync(folder.file("go"), "")
      expect(yield* Fiber.join(stopping)).toBe(true)
      for (const name of ["member", "stray", "leader"]) {
        expect(folder.read(`${name}.terms`)).toBe("term\n")
      }
    }))

  it.live("leaves an agent exactly the time it was given", () =>
    Effect.gen(function*() {
      const folder = yield* makeFolder
      const { waker } = yield* start(folder, "echo $$ > pid; exec sleep 60", patient)
      yield* folder.pid("pid")
      const before = yield* Clock.currentTimeMillis
      expect(yield* waker.stop("t1", 300)).toBe(true)
      expect((yield* Clock.currentTimeMillis) - before).toBeGreaterThanOrEqual(300)
      expect(logged(folder)).toEqual(["agent_stopping"])
    }))

  it.live("a command whose launcher has not begun when it is stopped never runs, or is stopped", () =>
    Effect.gen(function*() {
      const folder = yield* makeFolder
      const { end, waker } = yield* start(folder, "echo $$ > pid; exec sleep 60", patient)
      yield* waker.stop("t1", 0)
      yield* end
      expect(yield* waker.survivors).toEqual([])
      if (folder.has("pid") && folder.read("pid") !== "") expect(isRunning(yield* folder.pid("pid"))).toBe(false)
    }))

  it.live("interrupting the wake and stopping it at once leaves nothing running", () =>
    Effect.gen(function*() {
      const folder = yield* makeFolder
      const waker = yield* wakerOf(folder, { wake_command: "echo $$ > pid; exec sleep 60", kill_grace_ms: patient })
      for (const [index, delay] of [0, 1, 2, 4, 8, 16].entries()) {
        const wake_id = `g2a${index}t1`
        const waking = yield* Effect.forkChild(waker.wake(taskOf("t1"), wake_id), { startImmediately: true })
        yield* Effect.sleep(delay)
        yield* Fiber.interrupt(waking)
        yield* waker.stop("t1", 0)
        expect(yield* waker.inspect(wokenTask("t1", wake_id))).not.toMatchObject({ process: "alive" })
        expect(yield* waker.survivors).toEqual([])
      }
    }))

  it.live("another life of the daemon can stop it as well", () =>
    Effect.gen(function*() {
      const folder = yield* makeFolder
      yield* start(folder, "echo $$ > pid; exec sleep 60", patient)
      const pid = yield* folder.pid("pid")
      const after = yield* wakerOf(folder)
      expect(yield* after.stop("t1", 0)).toBe(true)
      expect(isRunning(pid)).toBe(false)
    }))

  it.live("touches neither another task nor another agent's wake of the same name", () =>
    Effect.gen(function*() {
      const folder = yield* makeFolder
      const neighbour = yield* makeFolder
      const command = "echo $$ > $TASK_ID.pid; exec sleep 60"
      const { waker } = yield* start(folder, command, patient)
      yield* waker.wake(taskOf("t1.x"), wakeId)
      yield* start(neighbour, command, patient)
      const [pid, other, foreign] = yield* Effect.all([
        folder.pid("t1.pid"),
        folder.pid("t1.x.pid"),
        neighbour.pid("t1.pid")
      ])
      expect(yield* waker.stop("t1", 0)).toBe(true)
      expect([pid, other, foreign].map(isRunning)).toEqual([false, true, true])
    }))

  it.live("returns at once where nothing lives", () =>
    Effect.gen(function*() {
      const folder = yield* makeFolder
      const waker = yield* wakerOf(folder)
      expect(yield* waker.stop("never-woken", 15_000)).toBe(false)
      expect(folder.events).toEqual([])
    }))
})
