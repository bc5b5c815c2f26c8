import * as Effect from "effect/Effect"
import { type DevHub, type HubTask } from "../../src/dev/DevHub.ts"
import { frames, isAlive } from "../support/daemon.ts"
import { comesTrue, type Scene } from "./scene.ts"

export interface Fault {
  readonly kind: "loss" | "double wake" | "hang" | "other"
  readonly what: string
}

/**
 * Waits of the real daemon (retries of a wake, a half-written answer, the look-up) come to less, and so does that of the hub,
 * which takes back what it has pushed to a dead socket when it has waited 60 s for an acceptance.
 */
const deadlineMs = 100_000

const fault = (kind: Fault["kind"], what: string): ReadonlyArray<Fault> => [{ kind, what }]

const unless = (holds: boolean, kind: Fault["kind"], what: string): ReadonlyArray<Fault> =>
  holds ? [] : fault(kind, what)

const stateOf = (hub: DevHub, { id }: HubTask): string => {
  const task = hub.task(id)
  return task === undefined ? "unknown to the hub" : `${task.status}, generation ${task.generation}`
}

const framesOf = (hub: DevHub, dir: "in" | "out", type: string, { id }: HubTask) =>
  frames(hub, dir).filter((frame) => frame["type"] === type && frame["task_id"] === id)

const wakesAndFrames = ({ answer, folder, hub }: Scene, task: HubTask): ReadonlyArray<Fault> => {
  const wakes = folder.wakes(task.id).length
  const completions = framesOf(hub, "in", "task_ack", task).filter((frame) => frame["status"] === "complete").length
  const failures = framesOf(hub, "out", "task_failed", task).length
  const { result, retry_count = 0 } = hub.task(task.id) ?? {}
  return [
    ...unless(wakes <= 1, "double wake", `its agent was woken ${wakes} times`),
    ...unless(wakes >= 1, "loss", "it was completed without a wake"),
    ...unless(JSON.stringify(result) === answer, "loss", `its answer is not the agent's: ${JSON.stringify(result)}`),
    ...unless(completions === 1, "other", `it was acknowledged as complete ${completions} times`),
    ...unless(
      failures === 0 && retry_count === 0,
      "other",
      `${failures} failures were reported, ${retry_count} counted`
    )
  ]
}

/** Completed once, woken once, the answer whole, and the slot free with nothing alive that belongs to it. */
const verifyTask = (scene: Scene, task: HubTask): Effect.Effect<ReadonlyArray<Fault>> =>
  Effect.gen(function*() {
    const { folder, hub } = scene
    const settled = () => hub.task(task.id)?.status !== "queued" && hub.task(task.id)?.status !== "assigned"
    if (!(yield* comesTrue(settled, deadlineMs))) return fault("hang", `the task is still ${stateOf(hub, task)}`)
    if (hub.task(task.id)?.status !== "completed") return fault("loss", `the task is ${stateOf(hub, task)}`)
    const slotFree = () => /"active":null,"recovering":null/.test(folder.read("queue.json"))
    if (!(yield* comesTrue(slotFree, deadlineMs))) {
      return fault("hang", `the task is completed, and its slot still taken: ${folder.read("queue.json")}`)
    }
    const alone = yield* comesTrue(() => scene.others().length === 0, deadlineMs)
    return [
      ...unless(alone, "other", `processes are left: ${scene.others().join(", ")}`),
      ...wakesAndFrames(scene, task)
    ]
  })

/** What no kill may lead to: nothing fails here but the daemon. */
const trouble = ["fiber_died", "file_trouble", "frame_refused", "report_refused", "state_set_aside"]
/** Nor these, unless a launcher is caught before its record is made: that one is stopped, and its wake made again. */
const wakeTrouble = ["agent_stopping", "wake_failed"]

const logged = ({ folder }: Scene, events: ReadonlyArray<string>): ReadonlyArray<string> =>
  folder.read("sidecar.log").split("\n").filter((line) => events.some((event) => line.includes(`"event":"${event}"`)))

/** The outcome of a run whose daemon lives and is left alone: the task's, and the next one's, which it has to take too. */
export const verify = (scene: Scene, task: HubTask, launcherCaught = false): Effect.Effect<ReadonlyArray<Fault>> =>
  Effect.gen(function*() {
    const faults = yield* verifyTask(scene, task)
    if (faults.some(({ kind }) => kind === "hang")) return faults
    const next = yield* scene.hub.submit({ description: "the next" })
    const faultsOfTheNext = yield* verifyTask(scene, next)
    const life = scene.lives.at(-1)
    return [
      ...faults,
      ...faultsOfTheNext.map(({ kind, what }): Fault => ({ kind, what: `the next task: ${what}` })),
      ...logged(scene, launcherCaught ? trouble : [...trouble, ...wakeTrouble]).flatMap((line) =>
        fault("other", `the log says ${line}`)
      ),
      ...unless(life !== undefined && isAlive(life.pid), "other", "the daemon has ended by itself")
    ]
  })
