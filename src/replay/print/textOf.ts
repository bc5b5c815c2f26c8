import type { JsonObject } from "../../domain/Work.ts"
import { nameOf } from "../format.ts"
import type { Picture, ReplayEvent, Summary } from "../ReplayEvent.ts"
import { talkSaid } from "../talk.ts"
import { clockOf, fieldsOf, harmless, valueOf } from "../words.ts"

/** The fields that are shown of a frame. */
const frameFields = [
  "task_id",
  "id",
  "from",
  "channel",
  "message_type",
  "generation",
  "status",
  "action",
  "progress",
  "attempt",
  "reason",
  "error",
  "description"
]

/** The fields that are shown of a fact. */
const factFields = [
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

type Sign = " " | "+" | "-" | "~"

const signs = { same: " ", ours: "+", beyond: "~" } as const

const line = (t: number, what: string, text: string, sign: Sign = " "): string =>
  `${sign} ${clockOf(t)}  ${what.padEnd(10)} ${text}`.trimEnd()

type EventOf<Name extends ReplayEvent["kind"]> = Extract<ReplayEvent, { readonly kind: Name }>

const fileLine = ({ file, header, t }: EventOf<"file">): string => {
  const by = header === null ? "frames only" : `${valueOf(header.agent_id)}, version ${valueOf(header.version)}`
  return line(t, "recording", `${harmless(file)} (${by})`)
}

const lifeLine = (event: EventOf<"life">): string => {
  if (event.phase === "begins") return line(event.t, "sidecar", `life ${event.life} begins`)
  const { failed, life, t } = event
  return line(t, "sidecar", `life ${life} ends ${harmless(failed ?? "")}`, failed === null ? " " : "+")
}

const frameText = (msg: JsonObject, fields: ReadonlyArray<string>): string =>
  `${valueOf(msg["type"] ?? "no type")} ${fieldsOf(msg, fields)}`

const frameLines = (event: EventOf<"frame">): ReadonlyArray<string> => {
  const { msg, t } = event
  if (event.dir === "in") {
    const received = line(t, event.place === null ? "hub?" : "from hub", frameText(msg, frameFields))
    return [event.unheard ? `${received} (not received)` : received]
  }
  const { fields, recorded, verdict } = event
  if (verdict === "recorded") return [line(t, "to hub", frameText(msg, frameFields), "-")]
  if (verdict !== "changed") return [line(t, "to hub", frameText(msg, frameFields), signs[verdict])]
  const changed = ["task_id", ...fields]
  const ours = line(t, "to hub", frameText(msg, changed), "+")
  return recorded === null ? [ours] : [line(recorded.t, "to hub", frameText(recorded.msg, changed), "-"), ours]
}

const factLines = ({ fact, of, t }: EventOf<"fact">): ReadonlyArray<string> => {
  const doubt = of === "recording" ? "" : "?"
  const said = talkSaid(fact)
  if (said === null) return []
  if (said !== undefined) return [line(t, `talk${doubt}`, said.words)]
  return [line(t, `fact${doubt}`, `${nameOf(fact)} ${fieldsOf(fact, factFields)}`)]
}

const taskIn = ({ attempts, generation, status, task_id }: Picture): string =>
  task_id === null
    ? "no task"
    : `${valueOf(task_id)} ${status} g${generation}${attempts > 0 ? ` attempt ${attempts}` : ""}`

const batchIn = ({ batch }: Picture): string =>
  batch === null
    ? "no batch"
    : `${batch.batch_id} ${batch.status}${batch.attempts > 0 ? ` attempt ${batch.attempts}` : ""}`

/** What changed in the state, as `before → after`. The agent's phase is only in the JSON. */
const stateLines = ({ after, before, t }: EventOf<"state">): ReadonlyArray<string> => {
  const pairs: ReadonlyArray<readonly [string, string]> = [
    [`connection ${before.connection}`, after.connection],
    [taskIn(before), taskIn(after)],
    [`ownership ${before.ownership}`, after.ownership],
    [batchIn(before), batchIn(after)],
    [`disk ${before.disk}`, after.disk],
    [before.draining ? "draining" : "serving", after.draining ? "draining" : "serving"]
  ]
  return pairs.filter(([was, is]) => was !== is && !was.endsWith(` ${is}`))
    .map(([was, is]) => line(t, "state", `${was} → ${is}`))
}

const decisionLine = ({ commands, state, t, verdict }: EventOf<"decision">): string => {
  const text = [commands.join(", "), ...state === null ? [] : [`→ ${state}`]].join(" ")
  return line(t, "decides", harmless(text), verdict === "ours" ? "+" : "-")
}

const noteLine = ({ place, t, text }: EventOf<"note">): string =>
  line(t, "note", `${place === null ? "" : `${harmless(place.file)}:${place.line}: `}${harmless(text)}`)

const times = (count: number): string => count === 1 ? "once" : `${count} times`

const summaryLines = ({ frames_in, frames_out, local_differences, wakes, wakes_left_out }: Summary) => {
  const { changed, ours, recorded, same } = frames_out
  const woken = wakes.map(({ task_id, wakes: count }) => `${valueOf(task_id)} ${times(count)}`)
  if (wakes_left_out > 0) woken.push(`others ${times(wakes_left_out)}`)
  return [
    `frames: ${frames_in} in; out ${same} same, ${changed} changed, ${recorded} only recorded, ${ours} only of this version`,
    `other differences: ${local_differences}`,
    `woken: ${woken.length === 0 ? "nobody" : woken.join(", ")}`
  ]
}

/** The lines of an event. Events that only a program needs have none. */
export const textOf = (event: ReplayEvent): ReadonlyArray<string> => {
  const { t } = event
  switch (event.kind) {
    case "file":
      return [fileLine(event)]
    case "life":
      return [lifeLine(event)]
    case "frame":
      return frameLines(event)
    case "fact":
      return factLines(event)
    case "state":
      return stateLines(event)
    case "wake":
      return [line(t, "WAKE", `${valueOf(event.task_id)} attempt ${event.attempt}`, signs[event.verdict])]
    case "action":
      return [line(t, "does", `${event.action} ${valueOf(event.task_id ?? "")}`, signs[event.verdict])]
    case "decision":
      return [decisionLine(event)]
    case "note":
      return [noteLine(event)]
    case "log":
      return []
    case "end":
      return summaryLines(event.summary)
  }
}
