/** One line of a probe. */
export type Line =
  & { readonly at: number; readonly text: string }
  & (
    | { readonly _tag: "In"; readonly socket: string; readonly payload: string }
    | { readonly _tag: "Out"; readonly socket: string; readonly payload: string }
    | { readonly _tag: "Closed"; readonly socket: string; readonly code: number }
    | { readonly _tag: "Task"; readonly id: string; readonly status: number; readonly summary: string }
    | { readonly _tag: "Created"; readonly id: string }
    | HttpLine
    | { readonly _tag: "Note" }
  )

/** A call and what came of it: a status and what is known of the body. */
export interface HttpLine {
  readonly _tag: "Http"
  readonly method: string
  readonly path: string
  readonly body: string | undefined
  readonly status: number
  readonly outcome: string
}

/** The close codes of clients. All others are the hub's. */
export const CLIENT_CODES = new Set([1000, 1006])

const FRAME = /^(\S+|\S+ as \S+) (<<|>>) (.*)$/
const CLOSED = /^(\S+|\S+ as \S+) closed (\d{4})/i
const TASK = /task (task-\S+) (\d+) (\{.*\})$/
const CREATED = /^HTTP task 201 (\S+)$/
const HTTP = /^HTTP {2}(GET|POST) (\S+) (\{.*\})? *-> (\d+) ?(.*)$/

/** "x…(65)" stands for 65 times x. */
const writtenOut = (text: string): string =>
  text.replaceAll(/(.)…\((\d+)\)/gu, (_, one: string, times: string) => one.repeat(Number(times)))

const kind = (text: string) => {
  const [, socket = "", direction, payload = ""] = FRAME.exec(text) ?? []
  if (direction === "<<") return { _tag: "In", socket, payload: writtenOut(payload) } as const
  if (direction === ">>") return { _tag: "Out", socket, payload: writtenOut(payload) } as const
  const [, closed, code] = CLOSED.exec(text) ?? []
  if (closed !== undefined) return { _tag: "Closed", socket: closed, code: Number(code) } as const
  const [, method, path = "", body, status, outcome = ""] = HTTP.exec(text) ?? []
  if (method !== undefined) return { _tag: "Http", method, path, body, status: Number(status), outcome } as const
  const [, task, answer, summary = ""] = TASK.exec(text) ?? []
  if (task !== undefined) return { _tag: "Task", id: task, status: Number(answer), summary } as const
  const [, created] = CREATED.exec(text) ?? []
  return created === undefined ? { _tag: "Note" } as const : { _tag: "Created", id: created } as const
}

const parse = (line: string): Line => {
  const [, time = "0", text = ""] = /^\s*(\d+\.\d+) +(.*)$/.exec(line) ?? []
  return { at: Number(time), text, ...kind(text.trim()) }
}

/** What an answer has in common with the frames that its call has caused. */
const MARK = /"(?:id|timestamp)":"?\w+/

/** Whether a line shows what an earlier line of the same file has caused. */
const isCausedBy = (line: Line, cause: Line): boolean => {
  if (line._tag !== "In") return false
  if (cause._tag === "Closed") {
    return CLIENT_CODES.has(cause.code) && line.at === cause.at && line.socket !== cause.socket
  }
  const mark = cause._tag === "Http" && cause.method === "POST" ? MARK.exec(cause.outcome)?.[0] : undefined
  return mark !== undefined && line.payload.includes(mark)
}

/** Sorts a cause before its effects: the probe logged the end of a socket or of a call only when it was over. */
const causesFirst = (lines: ReadonlyArray<Line>): ReadonlyArray<Line> => {
  const sorted: Array<Line> = []
  for (const line of lines) {
    let place = sorted.length
    for (let before = sorted[place - 1]; before !== undefined; before = sorted[place - 1]) {
      if (!isCausedBy(before, line)) break
      place -= 1
    }
    sorted.splice(place, 0, line)
  }
  return sorted
}

/** The lines of a probe, without its comments, each behind what has caused it. */
export const linesOf = (text: string): ReadonlyArray<Line> =>
  causesFirst(text.trimEnd().split("\n").filter((line) => !line.startsWith("#")).map(parse))
