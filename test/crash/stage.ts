import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import { writeFileSync } from "node:fs"
import { agentId } from "../support/daemon.ts"
import { makeRelay } from "../support/relay.ts"
import { say } from "../support/talk.ts"
import type { Given } from "./given.ts"
import { giveFile, giveMessage, leaveMessage } from "./givenTalk.ts"
import { giveTask } from "./givenTask.ts"
import type { Kill, Pace } from "./kills.ts"
import { bob, expect, type Life, type Scene, startLife } from "./scene.ts"
import { threadsOf } from "./strace.ts"

/** A life of the daemon that waits for strace, and what makes it go on from there. */
export interface Staged {
  readonly life: Life
  readonly go: Effect.Effect<Given, never, Scope.Scope>
}

type Staging = Effect.Effect<Staged, never, Scope.Scope>

export const identified = (life: Life) =>
  expect("it has identified", () => life.logged().includes("identified") || life.isOver())

/** Ends the work of an agent that waits when the life has logged `event`; of a slow one not if the life is over before. */
const letGoAt = (scene: Scene, life: Life, event: string, pace: Pace) =>
  expect(event, () => life.logged().includes(event) || life.isOver()).pipe(
    Effect.andThen(Effect.suspend(() => pace === "slow" && life.isOver() ? Effect.void : scene.letGo))
  )

const giveAtPace = (scene: Scene, life: Life, pace: Pace, give: Effect.Effect<Given>) =>
  Effect.tap(give, () => pace === "slow" ? letGoAt(scene, life, "agent_started", pace) : Effect.void)

const stageTask = (scene: Scene, main: string, pace: Pace): Staging =>
  Effect.gen(function*() {
    if (pace === "slow") scene.hold()
    const life = yield* startLife(scene, main, "one_pool_thread")
    yield* identified(life)
    return { life, go: giveAtPace(scene, life, pace, giveTask(scene)) }
  })

const stageRestart = (scene: Scene, main: string, pace: Pace): Staging =>
  Effect.gen(function*() {
    scene.hold()
    const first = yield* startLife(scene, main, "free")
    const given = yield* giveTask(scene)
    yield* expect("the agent is at work", () => first.logged().includes("agent_started"))
    yield* first.kill
    const life = yield* startLife(scene, main, "held")
    yield* expect("it is held", life.isHeld)
    const go = Effect.gen(function*() {
      life.begin()
      yield* letGoAt(scene, life, "recovery_settled", pace)
      return given
    })
    return { life, go }
  })

/** A message that wakes nobody begins the thread that keeps messages, so that strace finds it. */
const beginStore = ({ hub }: Scene, life: Life) =>
  Effect.andThen(
    say(hub, bob, { type: "notify" }),
    expect("the thread of the messages is there", () => [...threadsOf(life.pid).values()].includes("store"))
  )

const isKept = (life: Life) => expect("a message is kept", () => life.logged().includes("messages_received"))

const stageGiven = (scene: Scene, main: string, pace: Pace, give: (scene: Scene) => Effect.Effect<Given>): Staging =>
  Effect.gen(function*() {
    if (pace === "slow") scene.hold()
    const life = yield* startLife(scene, main, "one_pool_thread")
    yield* identified(life)
    yield* beginStore(scene, life)
    yield* isKept(life)
    return { life, go: giveAtPace(scene, life, pace, give(scene)) }
  })

/** Stands between the daemon and the hub's HTTP API, and lets nothing pass until it is opened. */
const closedRelay = ({ folder, hub }: Scene) =>
  Effect.gen(function*() {
    const relay = yield* makeRelay(hub)
    const { promise, resolve } = Promise.withResolvers<void>()
    yield* relay.meet((_, pass) => promise.then(pass))
    const settings: Record<string, unknown> = JSON.parse(folder.read("config.json"))
    writeFileSync(folder.file("config.json"), JSON.stringify({ ...settings, hub_api_url: relay.url }))
    return { requests: relay.requests, open: Effect.sync(() => resolve()) }
  })

const stageMailbox = (scene: Scene, main: string, pace: Pace): Staging =>
  Effect.gen(function*() {
    if (pace === "slow") scene.hold()
    const relay = yield* closedRelay(scene)
    const given = yield* leaveMessage(scene)
    const life = yield* startLife(scene, main, "one_pool_thread")
    yield* expect("it reads the mailbox", () => relay.requests.includes(`GET /api/mailbox/${agentId}`))
    yield* beginStore(scene, life)
    return { life, go: giveAtPace(scene, life, pace, Effect.as(relay.open, given)) }
  })

/** Brings the daemon to the point where the kills of the scenario begin. */
export const stage = (
  scene: Scene,
  main: string,
  { pace, scenario }: Pick<Extract<Kill, { _tag: "AtCall" }>, "scenario" | "pace">
): Staging => {
  switch (scenario) {
    case "task":
      return stageTask(scene, main, pace)
    case "restart":
      return stageRestart(scene, main, pace)
    case "pushed":
      return stageGiven(scene, main, pace, giveMessage)
    case "mailbox":
      return stageMailbox(scene, main, pace)
    case "outbox":
      return stageGiven(scene, main, pace, giveFile)
  }
}
