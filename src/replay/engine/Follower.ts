import * as Predicate from "effect/Predicate"
import type { Entry, Header } from "../format.ts"
import type { KnownState } from "../KnownState.ts"
import { limits } from "../limits.ts"
import type { Place } from "../ReplayEvent.ts"
import type { Comparison } from "./Comparison.ts"
import { beginsLife } from "./kinds.ts"
import { capabilitiesOf, policyOf } from "./policy.ts"
import type { Sidecar } from "./Sidecar.ts"
import type { Stage } from "./Stage.ts"

type FrameOut = Extract<Entry, { readonly dir: "out" }>
type FrameIn = Extract<Entry, { readonly dir: "in" }>
type Local = Extract<Entry, { readonly dir: "local" }>

export const isIdentify = (entry: Entry | undefined): boolean =>
  entry?.dir === "out" && entry.msg["type"] === "identify"

const isConnection = (entry: Entry): boolean =>
  isIdentify(entry) || (entry.dir === "local" && "msg" in entry && entry.msg._tag === "Connected")

/** Whether it is known with that line what the sidecar stands at. */
const tellsState = (entry: Entry): boolean =>
  entry.dir === "header" || beginsLife(entry) ||
  (entry.dir === "local" && "msg" in entry && entry.msg._tag === "Continued")

export interface FollowerParts {
  readonly stage: Stage
  readonly comparison: Comparison
  readonly sidecar: Sidecar
  readonly pass: (ms: number) => void
}

/** Does with each entry what it tells of: the sidecar hears, learns or is started; what the recorded one did is compared. */
export class Follower {
  readonly #stage: Stage
  readonly #comparison: Comparison
  readonly #sidecar: Sidecar
  readonly #pass: (ms: number) => void

  /** Whether a life was taken up in its middle, and what that stood at is only told later on. */
  #awaitsState = false

  constructor({ comparison, pass, sidecar, stage }: FollowerParts) {
    this.#stage = stage
    this.#comparison = comparison
    this.#sidecar = sidecar
    this.#pass = pass
  }

  follow(entry: Entry, place: Place): void {
    if (this.#awaitsState && !tellsState(entry)) return
    switch (entry.dir) {
      case "header":
        return "msg" in entry ? this.#beginLives(entry.msg, place) : undefined
      case "local":
        return this.#local(entry, place)
      case "in":
        return this.#frameIn(entry, place)
      case "out":
        return this.#frameOut(entry, place)
    }
  }

  #beginLives({ agent_id, config, continues, tells_state = false }: Header, place: Place): void {
    if (agent_id !== this.#sidecar.hub.identity.agent_id) this.#sidecar.forgetAll()
    this.#iam(agent_id, config["capabilities"])
    const policy = policyOf(config)
    if (policy === null) this.#stage.note("the recorded configuration makes no sense: the defaults are taken", place)
    else this.#sidecar.policy = policy
    this.#awaitsState = continues && tells_state && !this.#sidecar.lives && !this.#sidecar.isOver
    if (this.#awaitsState) {
      this.#stage.note(
        "the recording begins in the middle of a life: it is replayed from where its state is told",
        place
      )
    }
  }

  #iam(agent_id: string, capabilities: unknown): void {
    const { hub } = this.#sidecar
    hub.identity = { ...hub.identity, agent_id, capabilities: capabilitiesOf(capabilities) }
  }

  #local(entry: Local, place: Place): void {
    if ("unknown" in entry) return this.#stage.note(`a fact that this version does not know: ${entry.unknown}`, place)
    const { msg } = entry
    switch (msg._tag) {
      case "ClockJumped":
        return this.#stage.note(`the clock was set by ${msg.by_ms} ms`, place)
      case "LinesLost":
        return this.#stage.note(`${msg.count} lines are missing here: the recording could not be written`, place)
      case "FrameUnsendable":
        return
      case "ConnectionOpened":
        return this.#sidecar.hub.link.opened()
      case "ConnectionClosed":
        return this.#sidecar.hub.link.closed()
      case "Continued":
        return this.#resume(msg.state)
      case "Decided":
        this.#comparison.decided(msg)
        return msg.on === undefined ? undefined : this.#sidecar.hub.hearing.pass(msg.on)
      default:
        if (msg._tag !== "Restarted") this.#ensureLife(entry, place)
        this.#awaitsState = false
        return this.#sidecar.reach(msg, place)
    }
  }

  #resume(state: KnownState): void {
    this.#awaitsState = false
    if (!this.#sidecar.lives && !this.#sidecar.isOver) this.#sidecar.resume(state)
  }

  #frameIn(entry: FrameIn, place: Place): void {
    this.#ensureLife(entry, place)
    const isWhole = "msg" in entry
    if (!isWhole) this.#stage.note(`the hub sent what is no JSON object: ${entry.unreadable}`, place)
    const { hub } = this.#sidecar
    const msg = isWhole ? entry.msg : {}
    if (isWhole) this.#stage.tell({ kind: "frame", dir: "in", msg, unheard: !hub.link.isOpen, place })
    hub.hear(isWhole ? JSON.stringify(msg) : entry.unreadable, place)
  }

  #frameOut(entry: FrameOut, place: Place): void {
    const { scripted } = this.#stage
    const connects = !scripted && isIdentify(entry)
    if (connects) this.#prepare(entry)
    else this.#ensureLife(entry, place)
    this.#comparison.sent(entry.msg, entry.t, place)
    if (connects) this.#sidecar.hub.open()
    else if (!scripted) this.#sidecar.standIn.toldOf(entry.msg)
  }

  /**
   * Where there are no facts, an identification that comes next tells that the connection was lost, and what follows it
   * whether the daemon was: both is taken to have been right after the last frame.
   */
  breakOff(): void {
    this.#comparison.close()
    if (this.#recoversNext()) this.#sidecar.end()
    else this.#sidecar.hub.link.close(false)
    this.#sidecar.drain()
  }

  #recoversNext(): boolean {
    const [, ...later] = this.#stage.window.entries()
    for (const entry of later) {
      if (isIdentify(entry)) return false
      if (entry.dir === "out" && entry.msg["type"] === "task_recovering") return true
    }
    return false
  }

  #prepare({ msg }: FrameOut): void {
    const agent_id = Predicate.isString(msg["agent_id"]) ? msg["agent_id"] : this.#sidecar.hub.identity.agent_id
    if (agent_id !== this.#sidecar.hub.identity.agent_id) this.#sidecar.forgetAll()
    this.#iam(agent_id, msg["capabilities"])
    if (!this.#sidecar.lives) this.#sidecar.start()
  }

  /** A recording may begin in the middle: then nothing is known of what was owed, and the connection is there already. */
  #ensureLife(entry: Entry, place: Place): void {
    if (this.#sidecar.lives || this.#sidecar.isOver) return
    this.#stage.note("the recording begins in the middle of a life: nothing is known of what was owed then", place)
    this.#stage.isImprovised = true
    this.#sidecar.start()
    if (this.#isConnectedAlready(entry)) {
      this.#sidecar.hub.open()
      this.#sidecar.drain()
      this.#pass(limits.hub_answers_in_ms)
    }
    this.#stage.isImprovised = false
  }

  #isConnectedAlready(entry: Entry): boolean {
    for (const one of [entry, ...this.#stage.window.entries()]) {
      if (isConnection(one)) return false
      if (one.dir === "in" || one.dir === "out") return true
    }
    return false
  }
}
