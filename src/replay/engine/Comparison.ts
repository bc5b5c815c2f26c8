import type { JsonObject } from "../../domain/Task.ts"
import type { Step } from "../../services/Witness.ts"
import { briefOf } from "../briefOf.ts"
import { briefOfState } from "../briefOfState.ts"
import type { Decided } from "../format.ts"
import { limits } from "../limits.ts"
import type { Place, ReplayEvent, Verdict } from "../ReplayEvent.ts"
import { Alignment, type Doing } from "./Alignment.ts"
import { changedFields } from "./sameFields.ts"
import type { Script, Slot } from "./Script.ts"
import type { Stage } from "./Stage.ts"
import { factKey, frameKey, textIn } from "./Window.ts"

/** How strictly frames are compared: which of their fields do not count; `null` compares nothing. */
export type Expectation = ReadonlySet<string> | null

interface OurFrame extends Doing {
  readonly msg: JsonObject
  readonly slot: Slot
  readonly isBeyond: boolean
}

interface RecordedFrame extends Doing {
  readonly msg: JsonObject
  readonly slot: Slot
  readonly place: Place
}

interface Decision extends Doing {
  readonly slot: Slot
  readonly commands: ReadonlyArray<string>
  readonly state: string | null
}

type FrameOut = Extract<ReplayEvent, { readonly kind: "frame"; readonly dir: "out" }>

const keyOf = ({ task_id, type }: JsonObject): string => `${textIn(type)} ${textIn(task_id)}`

/** No recording holds the token, and which version speaks is no difference in what it does. */
const never_compared = ["token", "client_version"]

/** Compares what this version does with what the recorded one did: the frames it sends, and the commands of its steps. */
export class Comparison {
  readonly #stage: Stage
  readonly #script: Script
  readonly #ignored: ReadonlySet<string>
  readonly #isOff: boolean
  readonly #frames: Alignment<OurFrame, RecordedFrame>
  readonly #decisions: Alignment<Decision, Decision>
  #tellsStates = false

  constructor(stage: Stage, script: Script, expectation: Expectation) {
    this.#stage = stage
    this.#script = script
    this.#isOff = expectation === null
    this.#ignored = new Set([...never_compared, ...expectation ?? []])
    this.#frames = new Alignment({
      both: (ours, recorded) => this.#both(ours, recorded),
      onlyOurs: ({ isBeyond, msg, slot, t }) => {
        slot.event = frameOut(t, this.#isOff ? "same" : isBeyond ? "beyond" : "ours", msg)
      },
      onlyRecorded: ({ msg, place, slot, t }) => {
        slot.event = this.#isOff ? null : frameOut(t, "recorded", msg, { t, msg, place })
      }
    })
    this.#decisions = new Alignment({
      both: (ours, recorded) => {
        ours.slot.event = null
        recorded.slot.event = null
      },
      onlyOurs: ({ commands, slot, state, t }) => {
        slot.event = { t, kind: "decision", verdict: "ours", commands, state }
      },
      onlyRecorded: ({ commands, slot, state, t }) => {
        slot.event = { t, kind: "decision", verdict: "recorded", commands, state }
      }
    })
  }

  /** This version sends a frame; whether the recorded one sent it as well, so that its recording has the answer. */
  sends(msg: JsonObject): boolean {
    const { isCutHere, isImprovised } = this.#stage
    const t = this.#stage.wall()
    if (isImprovised) {
      this.#script.add(frameOut(t, this.#isOff ? "same" : "beyond", msg))
      return false
    }
    const ours = { t, key: keyOf(msg), msg, slot: this.#script.reserve(), isBeyond: isCutHere }
    this.#frames.ours(ours)
    if (ours.slot.event !== undefined || this.#frames.hasRecorded(ours.key)) return true
    const ahead = this.#stage.window.ahead(frameKey(textIn(msg["type"]), textIn(msg["task_id"])))
    return ahead !== undefined && ahead.entry.t <= t + limits.hub_answer_ms
  }

  /** The recorded one sent a frame. */
  sent(msg: JsonObject, t: number, place: Place): void {
    if (msg["type"] === "ping") return
    this.#frames.recorded({ t, key: keyOf(msg), msg, slot: this.#script.reserve(), place })
  }

  /** This version takes a step; compared where the recording tells of such. */
  decides({ after, before, commands }: Step): void {
    if (this.#isOff) return
    const next = this.#stage.window.inThisLife(factKey("Decided"))
    if (next === undefined && !this.#decisions.waitsForOurs) return
    if (next?.dir === "local" && "msg" in next && next.msg._tag === "Decided") this.#learnFrom(next.msg)
    const state = this.#tellsStates ? briefOfState(after) : null
    if (commands.length === 0 && (state === null || state === briefOfState(before))) return
    this.#decisions.ours(this.#decision(commands.map(briefOf), state))
  }

  /** Whether the recording tells states shows where one would have to be told. */
  #learnFrom({ commands, state }: typeof Decided.Type): void {
    if (commands.length > 0 || state !== undefined) this.#tellsStates = state !== undefined
  }

  /** The recorded one took a step. On a frame it is told also where nothing came of it. */
  decided(told: typeof Decided.Type): void {
    this.#learnFrom(told)
    const { commands, state = null } = told
    const isNothing = commands.length === 0 && state === null
    if (!this.#isOff && !isNothing) this.#decisions.recorded(this.#decision(commands, state))
  }

  #decision(commands: ReadonlyArray<string>, state: string | null): Decision {
    const key = `${commands.join("\n")}\n\n${state ?? ""}`
    return { t: this.#stage.wall(), key, commands, state, slot: this.#script.reserve() }
  }

  /** Time has passed, or as many events wait as may. */
  settle(): void {
    const now = this.#script.length > limits.held_events ? Infinity : this.#stage.wall()
    this.#frames.settle(now)
    this.#decisions.settle(now)
  }

  /** Nothing that comes is of the frames so far: a connection, a life or the recording is over. */
  close(): void {
    this.#frames.settle(Infinity)
    this.#decisions.settle(Infinity)
  }

  #both(ours: OurFrame, recorded: RecordedFrame): void {
    const fields = this.#isOff ? [] : changedFields(ours.msg, recorded.msg, this.#ignored)
    const { msg, place, t } = recorded
    const verdict = fields.length === 0 ? "same" : "changed"
    ours.slot.event = frameOut(ours.t, verdict, ours.msg, { t, msg, place }, fields)
    recorded.slot.event = null
  }
}

const frameOut = (
  t: number,
  verdict: Verdict,
  msg: JsonObject,
  recorded: FrameOut["recorded"] = null,
  fields: ReadonlyArray<string> = []
): FrameOut => ({ t, kind: "frame", dir: "out", verdict, msg, recorded, fields })
