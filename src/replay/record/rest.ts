import type { SidecarState } from "../../domain/SidecarState.ts"
import { limits } from "../../limits.ts"
import type { Sight } from "../../services/Witness.ts"

/** What a step learns by its own commands: who has not seen that one cannot know what asked for it. */
const learnt: ReadonlySet<string> = new Set(["AgentInspected", "SaveFailed", "SaveSucceeded"])

/**
 * Tells the state before a sight where nothing was seen for so long that the sidecar was at nothing. A step that has to be
 * saved may take its time, so that after it only the next one tells what came of it, unless a frame came meanwhile and is
 * still to be heard. `elapsed` is in milliseconds of a clock that nobody sets.
 */
export const makeRest = () => {
  let state: SidecarState | null = null
  let isUnheard = false
  let seen = Infinity
  const knownBefore = (sight: Sight): SidecarState | null => {
    if (sight._tag !== "Stepped") return state
    return isUnheard || learnt.has(sight.step.message._tag) ? null : sight.step.before
  }
  return (sight: Sight, elapsed: number): SidecarState | null => {
    const known = elapsed - seen >= limits.record_quiet_ms ? knownBefore(sight) : null
    if (sight._tag === "Stepped") {
      const { after, before } = sight.step
      state = after.stored === before.stored ? after : null
      isUnheard = false
    } else isUnheard ||= sight._tag === "FrameIn" && state === null
    seen = elapsed
    return known
  }
}
