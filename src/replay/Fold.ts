import * as Redacted from "effect/Redacted"
import * as Result from "effect/Result"
import type { HubCommand } from "../domain/Command.ts"
import { initialState, type Policy, type SidecarState, type Timers } from "../domain/SidecarState.ts"
import type { JsonObject } from "../domain/Work.ts"
import { encodeCommand, type Identity } from "../protocol/outgoing.ts"
import type { Step } from "../services/Observer.ts"
import { briefOf, briefOfState } from "./brief.ts"
import type { Entry, Header, Place, StepEntry } from "./format.ts"
import { emitFrameIn, frameComparer, frameOut, keyOf, onlyRecorded, parsedFrame } from "./frameEvents.ts"
import { capabilitiesOf, defaultPolicy, Life, policyOf } from "./Life.ts"
import { messageNow } from "./read/older.ts"
import type { ReplayOptions } from "./Replay.ts"
import type { ReplayEvent } from "./ReplayEvent.ts"
import { stepEvents } from "./stepEvents.ts"

const isSame = (a: ReadonlyArray<string>, b: ReadonlyArray<string>): boolean =>
  a.length === b.length && a.every((one, index) => one === b[index])

const withSaved = (commands: ReadonlyArray<string>, saved: boolean): ReadonlyArray<string> =>
  saved ? commands : [...commands, "(not saved)"]

/**
 * Replays a recording of the sidecar itself as a fold: it gives each recorded message to the actor's own step at the recorded
 * time, and compares the commands, the state and the frames with the recorded ones.
 */
export class Fold {
  readonly #options: ReplayOptions
  readonly #emit: (event: ReplayEvent) => void
  readonly #compareFrames: ReturnType<typeof frameComparer>
  #policy: Policy = defaultPolicy
  #identity: Identity = { agent_id: "", token: Redacted.make("[REDACTED]"), capabilities: [] }
  #lives = 0
  #life: Life | null = null
  /** Whether the state is unknown, so that steps and frames are left out. */
  #isLost = false
  /** Whether a new life has its header but no `Restarted` yet. If its first save fails, `SaveFailed` comes before that. */
  #isStarting = false
  /** Whether the step that sends the next frames is in an older file. */
  #isMidStep = false
  #brief = ""
  #timers: Timers = {}
  #step: Step | null = null
  /** The frames of the last step that have not been found in the recording yet. */
  #sent: Array<JsonObject> = []
  /** Whether the last step differs from the recorded one. */
  #differs = false
  #t = 0

  constructor(options: ReplayOptions, emit: (event: ReplayEvent) => void) {
    this.#options = options
    this.#emit = emit
    this.#compareFrames = frameComparer(options.expectation)
  }

  take(entry: Entry, place: Place): void {
    this.#t = entry.t
    switch (entry.dir) {
      case "header":
        return this.#takeHeader(entry.msg, place)
      case "step":
        return this.#takeStep(entry, place)
      case "in":
        return emitFrameIn(entry, place, { emit: this.#emit, unheard: false })
      case "out":
        return this.#takeFrame(entry.msg, place)
      case "local":
        return this.#note(noteOf(entry), place)
    }
  }

  /** Ends the current life. */
  end(): void {
    this.#settleFrames()
    if (this.#life !== null) this.#endLife(null, null)
  }

  #takeHeader({ agent_id, config, continues, state }: Header, place: Place): void {
    this.#identity = { ...this.#identity, agent_id, capabilities: capabilitiesOf(config["capabilities"]) }
    const policy = policyOf(config)
    if (policy === null) this.#note("the recorded configuration is invalid: the defaults are used", place)
    else this.#policy = policy
    this.#isLost = false
    this.#isStarting = !continues
    if (!continues) return this.end()
    if (state === undefined) return this.#life === null ? this.#loseState(place) : undefined
    this.#isMidStep = this.#life === null
    this.#begin({ ...state, policy: this.#policy }, this.#life !== null)
  }

  #begin(state: SidecarState, continues = false): void {
    if (!continues) {
      this.end()
      this.#lives++
      this.#emit({ t: this.#t, kind: "life", life: this.#lives, phase: "begins" })
    }
    this.#isLost = false
    this.#brief = briefOfState(state)
    this.#timers = state.timers
    this.#life = new Life({
      state,
      send: (command) => this.#send(command),
      observe: (event) => {
        if (event._tag === "Stepped") this.#step = event.step
        this.#options.observe(event)
      }
    })
  }

  #loseState(place: Place): void {
    if (this.#isLost) return
    this.#isLost = true
    this.#note("the recording begins in the middle of a life: it is replayed from where its state is told", place)
  }

  #takeStep(entry: StepEntry, place: Place): void {
    this.#settleFrames()
    this.#isMidStep = false
    const { msg, saved, t } = entry
    const hasBegun = this.#isStarting && this.#life !== null
    const begins = msg._tag === "Restarted" || (msg._tag === "SaveFailed" && this.#isStarting)
    if (begins && !hasBegun) this.#begin(initialState(this.#policy))
    this.#isStarting &&= msg._tag === "SaveFailed"
    if (this.#life === null) return this.#loseState(place)
    this.#step = null
    try {
      this.#life.take(messageNow(msg, this.#timers), t, saved)
    } catch (error) {
      return this.#endLife(null, error instanceof Error ? error.message : String(error))
    }
    if (this.#step !== null) this.#compareStep(this.#step, entry)
  }

  #compareStep(step: Step, { saved, told }: StepEntry): void {
    const { after, commands } = step
    this.#timers = after.timers
    const briefs = withSaved(commands.map(briefOf), step.saved)
    const brief = briefOfState(after)
    const state = brief === this.#brief ? null : brief
    this.#brief = brief
    const expected = this.#options.expectation === null ? null : told
    const recorded = expected === null ? null : { ...expected, commands: withSaved(expected.commands, saved) }
    this.#differs = recorded !== null &&
      !(isSame(briefs, recorded.commands) && (recorded.state === null ? state === null : brief === recorded.state))
    const verdictOf = (one: string) => expected !== null && !expected.commands.includes(one) ? "ours" : "same"
    for (const event of stepEvents(step, this.#t, "recording", (command) => verdictOf(briefOf(command)))) {
      this.#emit(event)
    }
    if (this.#differs && recorded !== null) {
      this.#emit({ t: this.#t, kind: "decision", verdict: "ours", commands: briefs, state })
      this.#emit({ t: this.#t, kind: "decision", verdict: "recorded", ...recorded })
    }
    const exit = commands.find(({ _tag }) => _tag === "Exit")
    if (exit?._tag === "Exit") this.#endLife(exit.code, null)
  }

  #send(command: HubCommand): void {
    const frame = Result.getOrUndefined(Result.try(() => encodeCommand(command, this.#identity)))
    if (frame !== undefined) this.#sent.push(parsedFrame(frame))
  }

  #takeFrame(msg: JsonObject, place: Place): void {
    if (msg["type"] === "ping" || this.#isLost || this.#isMidStep) return
    const recorded = { t: this.#t, msg, place }
    const index = this.#sent.findIndex((one) => keyOf(one) === keyOf(msg))
    const [ours] = index < 0 ? [] : this.#sent.splice(index, 1)
    if (ours !== undefined) this.#emit(this.#compareFrames(this.#t, ours, recorded))
    else if (this.#options.expectation !== null) this.#emit(onlyRecorded(recorded))
  }

  /** A frame that is not recorded counts only if its step differs. Otherwise the sidecar had no connection to send it. */
  #settleFrames(): void {
    if (this.#differs) { for (const msg of this.#sent) this.#emit(frameOut(this.#t, "ours", msg)) }
    this.#sent = []
  }

  #endLife(exit_code: number | null, failed: string | null): void {
    this.#life = null
    this.#isLost = true
    this.#emit({ t: this.#t, kind: "life", life: this.#lives, phase: "ends", exit_code, failed })
  }

  #note(text: string, place: Place): void {
    this.#emit({ t: this.#t, kind: "note", text, place })
  }
}

const noteOf = (entry: Extract<Entry, { readonly dir: "local" }>): string => {
  if ("unknown" in entry) return `a fact that this version does not know: ${entry.unknown}`
  const { msg } = entry
  return msg._tag === "ClockJumped"
    ? `the clock was set by ${msg.by_ms} ms`
    : `${msg.count} lines are missing here: the recording could not be written`
}
