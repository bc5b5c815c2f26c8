import type { LifecycleEvent } from "../../domain/LifecycleEvent.ts"
import { isDifference, type ReplayEvent } from "../ReplayEvent.ts"
import type { Sketch } from "./Drawing.ts"
import { sketchFact } from "./sketchFact.ts"
import { sketchFrame } from "./sketchFrame.ts"
import { jsonOf, plain } from "./words.ts"

type Of<Kind extends ReplayEvent["kind"]> = Extract<ReplayEvent, { readonly kind: Kind }>

const onlyOurs = "Only this version does it; the recorded sidecar did not."

/** What the log tells of trouble that no frame and no fact shows. */
const troubles: Readonly<Partial<Record<LifecycleEvent["event"], string>>> = {
  identify_refused: "the hub refused to identify us",
  heartbeat_timeout: "the hub did not answer a ping",
  frame_undecodable: "a frame could not be read",
  report_refused: "the report was refused",
  agent_unstoppable: "the agent could not be stopped",
  state_set_aside: "the state could not be read",
  file_trouble: "a file made trouble",
  fiber_died: "a part of the daemon died"
}

const sketchLife = (event: Of<"life">): Sketch => {
  if (event.phase === "begins") {
    const fault = event.life > 1 ? "the daemon was restarted" : null
    return { lane: "sidecar", kind: "link", label: "daemon starts", text: "", fault }
  }
  const how = event.exit_code === null ? "killed, or the end of the recording" : `exit code ${event.exit_code}`
  return {
    lane: "sidecar",
    kind: "link",
    label: "daemon ends",
    text: event.failed ?? how,
    fault: event.failed,
    differs: isDifference(event) ? "extra" : null
  }
}

const sketchWake = ({ attempt, task_id, verdict, wake_id }: Of<"wake">): Sketch => ({
  lane: "to_agent",
  kind: "agent",
  label: attempt > 1 ? `wake, attempt ${attempt}` : "wake",
  text: jsonOf({ task_id, wake_id, attempt }),
  fault: attempt > 1 ? `a retry: attempt ${attempt}` : null,
  differs: verdict === "ours" ? "extra" : null,
  note: verdict === "ours" ? onlyOurs : null
})

const sketchAction = ({ action, task_id, verdict }: Of<"action">): Sketch => ({
  lane: action === "stop" ? "to_agent" : "sidecar",
  kind: action === "reconnect" ? "link" : action === "look_up" ? "recovery" : "agent",
  label: plain(action),
  text: task_id === null ? "" : jsonOf({ task_id }),
  differs: verdict === "ours" ? "extra" : null,
  note: verdict === "ours" ? onlyOurs : null
})

const sketchDecision = ({ commands, verdict }: Of<"decision">): Sketch => ({
  lane: "sidecar",
  kind: "other",
  label: "decision",
  text: commands.join("\n"),
  differs: verdict === "ours" ? "extra" : "missing",
  note: verdict === "ours" ? "Only this version decided so." : "Only the recorded sidecar decided so."
})

/** How an event is to be drawn; null for one that shows as a state, in the header, or in another event. */
export const sketch = (event: ReplayEvent): Sketch | null => {
  switch (event.kind) {
    case "frame":
      return sketchFrame(event)
    case "fact":
      return {
        ...sketchFact(event.fact),
        note: event.of === "stand-in" ? "The recording does not say so; it is assumed." : null
      }
    case "life":
      return sketchLife(event)
    case "wake":
      return sketchWake(event)
    case "action":
      return sketchAction(event)
    case "decision":
      return sketchDecision(event)
    case "log": {
      const fault = troubles[event.log.event]
      if (fault === undefined) return null
      return { lane: "sidecar", kind: "refusal", label: plain(event.log.event), text: jsonOf(event.log), fault }
    }
    case "note":
      return { lane: "sidecar", kind: "other", label: "note", text: event.text }
    case "file":
    case "state":
    case "end":
      return null
  }
}
