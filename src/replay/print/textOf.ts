import { nameOf } from "../format.ts"
import type { Picture, ReplayEvent, Summary } from "../ReplayEvent.ts"
import { clockOf, fieldsOf, harmless, valueOf } from "./words.ts"

/** What tells a frame from others of its type; the rest is in the recording. */
const telling = ["task_id", "generation", "status", "action", "progress", "attempt", "reason", "error", "description"]

/** What tells a fact from others of its kind. */
const tellingFact = [
  "task_id",
  "timer",
  "reason",
  "location",
  "was_alive",
  "end",
  "answer",
  "evidence",
  "progress",
  "half_open"
]

type Mark = " " | "+" | "-" | "~"

const line = (mark: Mark, t: number, what: string, text: string): string =>
  `${mark} ${clockOf(t)}  ${what.padEnd(10)} ${text}`.trimEnd()

const marks = { same: " ", ours: "+", beyond: "~" } as const

const typeOf = (msg: { readonly [field: string]: unknown }): string => valueOf(msg["type"] ?? "no type")

const taskIn = ({ attempts, generation, status, task_id }: Picture): string =>
  task_id === null
    ? "no task"
    : `${valueOf(task_id)} ${status} g${generation}${attempts > 0 ? ` attempt ${attempts}` : ""}`

/** What changed, as `before → after`; what the agent is being looked at for is left to who reads the JSON. */
const changeOf = (before: Picture, after: Picture): ReadonlyArray<string> => {
  const pairs: ReadonlyArray<readonly [string, string]> = [
    [`connection ${before.connection}`, after.connection],
    [taskIn(before), taskIn(after)],
    [`ownership ${before.ownership}`, after.ownership],
    [`disk ${before.disk}`, after.disk],
    [before.draining ? "draining" : "serving", after.draining ? "draining" : "serving"]
  ]
  return pairs.filter(([was, is]) => was !== is && !was.endsWith(` ${is}`)).map(([was, is]) => `${was} → ${is}`)
}

type FrameOut = Extract<ReplayEvent, { readonly kind: "frame"; readonly dir: "out" }>

const frameOut = ({ fields, msg, recorded, t, verdict }: FrameOut): ReadonlyArray<string> => {
  const names = verdict === "changed" ? ["task_id", ...fields] : telling
  const text = (frame: typeof msg) => `${typeOf(frame)} ${fieldsOf(frame, names)}`
  if (verdict === "recorded") return [line("-", t, "to hub", text(msg))]
  if (verdict !== "changed" || recorded === null) {
    return [line(verdict === "changed" ? "+" : marks[verdict], t, "to hub", text(msg))]
  }
  return [line("-", recorded.t, "to hub", text(recorded.msg)), line("+", t, "to hub", text(msg))]
}

const decisionOf = ({ commands, state }: { readonly commands: ReadonlyArray<string>; readonly state: string | null }) =>
  harmless([commands.join(", "), ...state === null ? [] : [`→ ${state}`]].join(" "))

const times = (count: number): string => count === 1 ? "once" : `${count} times`

export const summaryOf = (summary: Summary): ReadonlyArray<string> => {
  const { changed, ours, recorded, same } = summary.frames_out
  const woken = summary.wakes.map(({ task_id, wakes }) => `${valueOf(task_id)} ${times(wakes)}`)
  if (summary.wakes_left_out > 0) woken.push(`others ${times(summary.wakes_left_out)}`)
  return [
    `frames: ${summary.frames_in} in; out ${same} same, ${changed} changed, ${recorded} only recorded, ${ours} only of this version`,
    `other differences: ${summary.local_differences}`,
    `woken: ${woken.length === 0 ? "nobody" : woken.join(", ")}`
  ]
}

/** An event as lines of text; what only machines want has none. */
export const textOf = (event: ReplayEvent): ReadonlyArray<string> => {
  const { t } = event
  switch (event.kind) {
    case "file": {
      const by = event.header === null
        ? "frames only"
        : `${valueOf(event.header.agent_id)}, version ${valueOf(event.header.version)}`
      return [line(" ", t, "recording", `${harmless(event.file)} (${by})`)]
    }
    case "life":
      if (event.phase === "begins") return [line(" ", t, "sidecar", `life ${event.life} begins`)]
      return [
        line(event.failed === null ? " " : "+", t, "sidecar", `life ${event.life} ends ${harmless(event.failed ?? "")}`)
      ]
    case "frame":
      if (event.dir === "out") return frameOut(event)
      return [
        line(
          " ",
          t,
          event.place === null ? "hub?" : "from hub",
          `${typeOf(event.msg)} ${fieldsOf(event.msg, telling)}`
        ) +
        (event.unheard ? " (nobody hears it)" : "")
      ]
    case "fact":
      return [
        line(
          " ",
          t,
          event.of === "recording" ? "fact" : "fact?",
          `${nameOf(event.fact)} ${fieldsOf(event.fact, tellingFact)}`
        )
      ]
    case "state":
      return changeOf(event.before, event.after).map((change) => line(" ", t, "state", change))
    case "wake":
      return [line(marks[event.verdict], t, "WAKE", `${valueOf(event.task_id)} attempt ${event.attempt}`)]
    case "action":
      return [line(marks[event.verdict], t, "does", `${event.action} ${valueOf(event.task_id ?? "")}`)]
    case "decision":
      return [line(event.verdict === "ours" ? "+" : "-", t, "decides", decisionOf(event))]
    case "note":
      return [
        line(
          " ",
          t,
          "note",
          `${event.place === null ? "" : `${harmless(event.place.file)}:${event.place.line}: `}${harmless(event.text)}`
        )
      ]
    case "log":
      return []
    case "end":
      return summaryOf(event.summary)
  }
}
