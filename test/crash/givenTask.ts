import * as Effect from "effect/Effect"
import { type DevHub, type HubTask } from "../../src/dev/DevHub.ts"
import { frames } from "../support/daemon.ts"
import { deadlineMs, type Fault, fault, unless } from "./faults.ts"
import type { Given } from "./given.ts"
import { comesTrue, isCleanedUp, type Scene } from "./scene.ts"

const stateOf = (hub: DevHub, { id }: HubTask): string => {
  const task = hub.task(id)
  return task === undefined ? "unknown to the hub" : `${task.status}, generation ${task.generation}`
}

const framesOf = (hub: DevHub, dir: "in" | "out", type: string, { id }: HubTask) =>
  frames(hub, dir).filter((frame) => frame["type"] === type && frame["task_id"] === id)

/** Whether the state file holds the task, as the daemon would find it now. */
const isWrittenDown = ({ folder }: Scene, { id }: HubTask): boolean => folder.read("queue.json").includes(`"${id}"`)

const atTheKill = (scene: Scene, task: HubTask): ReadonlyArray<Fault> => {
  const { hub } = scene
  const accepted = hub.frames().some(({ dir, msg }) =>
    dir === "out" && JSON.stringify(msg).includes("\"task_accepted\"")
  )
  return accepted && hub.task(task.id)?.status !== "completed" && !isWrittenDown(scene, task)
    ? fault("other", "it was accepted and is not on disk")
    : []
}

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
const inTheEnd = (scene: Scene, task: HubTask): Effect.Effect<ReadonlyArray<Fault>> =>
  Effect.gen(function*() {
    const { folder, hub } = scene
    const settled = () => hub.task(task.id)?.status !== "queued" && hub.task(task.id)?.status !== "assigned"
    if (!(yield* comesTrue(settled, deadlineMs))) return fault("hang", `the task is still ${stateOf(hub, task)}`)
    if (hub.task(task.id)?.status !== "completed") return fault("loss", `the task is ${stateOf(hub, task)}`)
    const slotFree = () => /"task":null/.test(folder.read("queue.json"))
    if (!(yield* comesTrue(slotFree, deadlineMs))) {
      return fault("hang", `the task is completed, and its slot still taken: ${folder.read("queue.json")}`)
    }
    const alone = yield* comesTrue(() => scene.others().length === 0, deadlineMs)
    return [
      ...unless(alone, "other", `processes are left: ${scene.others().join(", ")}`),
      ...wakesAndFrames(scene, task)
    ]
  })

/** Gives the agent a task. */
export const giveTask = (scene: Scene): Effect.Effect<Given> =>
  Effect.map(scene.hub.submit({ description: "do it" }), (task) => ({
    isDone: (life) =>
      life.logged().includes("report_acknowledged") && !isWrittenDown(scene, task) && isCleanedUp(scene, task.id),
    atTheKill: Effect.sync(() => atTheKill(scene, task)),
    inTheEnd: inTheEnd(scene, task),
    next: giveTask(scene)
  }))
