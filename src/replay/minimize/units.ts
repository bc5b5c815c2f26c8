import * as Predicate from "effect/Predicate"
import { beginsLife } from "../engine/kinds.ts"
import { type Line, type Recorded } from "../engine/Window.ts"
import type { Entry } from "../format.ts"

/** Lines that belong together. */
export type Unit = ReadonlyArray<Recorded>

const split = (lines: ReadonlyArray<Recorded>, begins: (line: Recorded, before: Recorded) => boolean) =>
  lines.reduce<ReadonlyArray<Array<Recorded>>>((units, line) => {
    const last = units.at(-1)
    const before = last?.at(-1)
    if (last === undefined || before === undefined || begins(line, before)) return [...units, [line]]
    last.push(line)
    return units
  }, [])

/** A header and the `Restarted` behind it begin the same life. */
export const livesIn = (lines: ReadonlyArray<Recorded>): ReadonlyArray<Unit> =>
  split(lines, ({ entry }, before) => beginsLife(entry) && before.entry.dir !== "header")

/** Whether the line tells what was decided, which nothing depends on but the comparison, and the order where it matters. */
export const isDecision = (entry: Entry): boolean =>
  entry.dir === "local" && "msg" in entry && entry.msg._tag === "Decided"

/** A fact or frame with what was decided on it right then. */
export const stepsIn = (lines: ReadonlyArray<Recorded>): ReadonlyArray<Unit> => {
  const units: Array<Array<Recorded>> = []
  for (const line of lines) {
    const last = units.at(-1)
    if (last === undefined || !isDecision(line.entry)) units.push([line])
    else last.push(line)
  }
  return units
}

const idIn = (entry: Entry): unknown => {
  if (!("msg" in entry) || entry.dir === "header") return undefined
  return "task_id" in entry.msg ? entry.msg["task_id"] : undefined
}

/** The tasks that lines are about. */
export const tasksIn = (lines: ReadonlyArray<Recorded>): ReadonlyArray<string> => [
  ...new Set(lines.map(({ entry }) => idIn(entry)).filter(Predicate.isString))
]

/** The lines without the steps that are about the task. */
export const withoutTask = (lines: ReadonlyArray<Recorded>, task_id: string): ReadonlyArray<Recorded> =>
  stepsIn(lines).filter((step) => !step.some(({ entry }) => idIn(entry) === task_id)).flat()

/** Whether all files tell of facts, or none does: the two kinds are replayed in different ways, and not as one recording. */
export const areOfOneKind = (lines: ReadonlyArray<Line>): boolean => {
  const tells = new Map<string, boolean>()
  for (const line of lines) {
    if (!("entry" in line)) continue
    const { entry: { dir }, place: { file } } = line
    tells.set(file, tells.get(file) === true || dir === "local" || dir === "header")
  }
  return new Set(tells.values()).size < 2
}
