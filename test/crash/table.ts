import type { Fault } from "./faults.ts"
import { subjectIn, subjectOf } from "./kills.ts"
import { type Phase, phasesOf, type Subject, subjects } from "./phases.ts"
import type { Measured } from "./plan.ts"
import type { Outcome } from "./runs.ts"
import { calls, type Made } from "./strace.ts"

const kinds = [...calls, "random", "launch"] as const
type Kind = (typeof kinds)[number]

const kindOf = ({ kill }: Outcome): Kind =>
  kill._tag === "AtCall" ? kill.call : kill._tag === "AtRandom" ? "random" : "launch"

const labelOf = (kind: Kind): string =>
  kind === "random" ? "at random times" : kind === "launch" ? "at the launch" : kind

const count = (outcomes: ReadonlyArray<Outcome>, kind: Fault["kind"]): number =>
  outcomes.filter(({ faults }) => faults.some((fault) => fault.kind === kind)).length

const killsIn = (outcomes: ReadonlyArray<Outcome>, phase: Phase): number =>
  outcomes.flatMap(({ killed }) => killed).filter((killed) => killed === phase).length

const callsIn = (measured: ReadonlyArray<Made>, kind: Kind, phase: Phase): number =>
  measured.filter((made) => made.call === kind && made.phase === phase).length

const faultKinds = ["loss", "double wake", "double send", "hang", "other"] as const
const faultColumns = ["losses", "double wakes", "double sends", "hangs", "other faults"]

const row = (label: string, outcomes: ReadonlyArray<Outcome>, cells: ReadonlyArray<string>): ReadonlyArray<string> => [
  label,
  ...cells,
  String(outcomes.flatMap(({ killed }) => killed).length),
  String(outcomes.length),
  ...faultKinds.map((kind) => String(count(outcomes, kind)))
]

const aligned = (rows: ReadonlyArray<ReadonlyArray<string>>): string => {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((cells) => (cells[column] ?? "").length)))
  return rows.map((cells) =>
    cells.map((cell, column) => column === 0 ? cell.padEnd(widths[0] ?? 0) : cell.padStart(widths[column] ?? 0)).join(
      "  "
    )
  ).join("\n")
}

/** What was measured and what came out of tasks, or of talk. */
interface Part {
  readonly subject: Subject
  readonly measured: ReadonlyArray<Made>
  readonly outcomes: ReadonlyArray<Outcome>
}

const partsOf = (measured: Measured, outcomes: ReadonlyArray<Outcome>): ReadonlyArray<Part> =>
  subjects.map((subject) => ({
    subject,
    measured: [...measured].filter(([scenario]) => subjectIn[scenario] === subject).flatMap(([, made]) => made),
    outcomes: outcomes.filter(({ kill }) => subjectOf(kill) === subject)
  }))

const tableOfPart = ({ measured, outcomes, subject }: Part): string => {
  const phases = phasesOf(subject)
  const head = [`${subject}: kill before`, ...phases, "kills", "runs", ...faultColumns]
  const body = kinds.flatMap((kind) => {
    const its = outcomes.filter((outcome) => kindOf(outcome) === kind)
    const cells = phases.map((phase) => {
      const kills = killsIn(its, phase)
      return kills > 0 || callsIn(measured, kind, phase) > 0 ? String(kills) : "-"
    })
    return its.length === 0 && cells.every((cell) => cell === "-") ? [] : [row(labelOf(kind), its, cells)]
  })
  const sums = phases.map((phase) => String(killsIn(outcomes, phase)))
  return aligned([head, ...body, row("all", outcomes, sums)])
}

/** The kills by kind of call and phase, a table for tasks and one for talk; what the daemon does not do in a phase is a dash. */
export const tableOf = (measured: Measured, outcomes: ReadonlyArray<Outcome>): string =>
  partsOf(measured, outcomes).filter((part) => part.outcomes.length > 0).map(tableOfPart).join("\n\n")

/** Which calls the daemon makes in which phase without a kill to show for it. */
export const gapsOf = (measured: Measured, outcomes: ReadonlyArray<Outcome>): ReadonlyArray<string> =>
  partsOf(measured, outcomes).flatMap((part) =>
    calls.flatMap((call) => {
      const its = part.outcomes.filter((outcome) => kindOf(outcome) === call)
      return phasesOf(part.subject)
        .filter((phase) => callsIn(part.measured, call, phase) > 0 && killsIn(its, phase) === 0)
        .map((phase) => `${part.subject}: ${call} in ${phase}`)
    })
  )
