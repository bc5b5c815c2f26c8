import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import type { HubTask } from "../../src/dev/DevHub.ts"
import type { Kill } from "./kills.ts"
import { expect, type Life, type Scene, startLife } from "./scene.ts"

/** A life of the daemon that waits for strace, and what makes it go on from there. */
export interface Staged {
  readonly life: Life
  readonly go: Effect.Effect<HubTask, never, Scope.Scope>
}

type Staging = Effect.Effect<Staged, never, Scope.Scope>
type Pace = Extract<Kill, { _tag: "AtCall" }>["pace"]

export const identified = (life: Life) =>
  expect("it has identified", () => life.logged().includes("identified") || life.isOver())

/** Ends the work of an agent that waits when the life has logged `event`; of a slow one not if the life is over before. */
const letGoAt = ({ folder }: Scene, life: Life, event: string, pace: Pace) =>
  expect(event, () => life.logged().includes(event) || life.isOver()).pipe(
    Effect.andThen(Effect.suspend(() => pace === "slow" && life.isOver() ? Effect.void : folder.letGo))
  )

const stageTask = (scene: Scene, main: string, pace: Pace): Staging =>
  Effect.gen(function*() {
    if (pace === "slow") scene.folder.touch("wait")
    const life = yield* startLife(scene, main, "one_pool_thread")
    yield* identified(life)
    const go = Effect.gen(function*() {
      const task = yield* scene.hub.submit({ description: "do it" })
      if (pace === "slow") yield* letGoAt(scene, life, "agent_started", pace)
      return task
    })
    return { life, go }
  })

const stageRestart = (scene: Scene, main: string, pace: Pace): Staging =>
  Effect.gen(function*() {
    scene.folder.touch("wait")
    const first = yield* startLife(scene, main, "free")
    const task = yield* scene.hub.submit({ description: "do it" })
    yield* expect("the agent is at work", () => first.logged().includes("agent_started"))
    yield* first.kill
    const life = yield* startLife(scene, main, "held")
    yield* expect("it is held", life.isHeld)
    const go = Effect.gen(function*() {
      life.begin()
      yield* letGoAt(scene, life, "recovery_settled", pace)
      return task
    })
    return { life, go }
  })

/** Brings the daemon to the point where the kills of the scenario begin. */
export const stage = (
  scene: Scene,
  main: string,
  { pace, scenario }: Pick<Extract<Kill, { _tag: "AtCall" }>, "scenario" | "pace">
): Staging => scenario === "task" ? stageTask(scene, main, pace) : stageRestart(scene, main, pace)
