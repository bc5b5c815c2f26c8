import { type Phase, phases } from "./phases.ts"
import type { Measured } from "./plan.ts"
import type { Outcome } from "./runs.ts"
import { calls } from "./strace.ts"
import type { Fault } from "./verify.ts"

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

const callsIn = (measured: Measured, kind: Kind, phase: Phase): number =>
  Object.values(measured).flat().filter((made) => made.call === kind && made.phase === phase).length

const row = (label: string, outcomes: ReadonlyArray<Outcome>, cells: ReadonlyArray<string>): ReadonlyArray<string> => [
  label,
  ...cells,
  String(outcomes.flatMap(({ killed }) => killed).length),
  String(outcomes.length),
  ...(["loss", "double wake", "hang", "other"] as const).map((kind) => String(count(outcomes, kind)))
]

const aligned = (rows: ReadonlyArray<ReadonlyArray<string>>): string => {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((cells) => (cells[column] ?? "").length)))
  return rows.map((cells) =>
    cells.map((cell, column) => column === 0 ? cell.padEnd(widths[0] ?? 0) : cell.padStart(widths[column] ?? 0)).join(
      "  "
    )
  ).join("\n")
}

/** The kills by kind of call and phase; what the daemon does not do in a phase is a dash. */
export const tableOf = (measured: Measured, outcomes: ReadonlyArray<Outcome>): string => {
  const head = ["kill before", ...phases, "kills", "tasks", "losses", "double wakes", "hangs", "other faults"]
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

/** Which calls the daemon makes in which phase without a kill to show for it. */
export const gapsOf = (measured: Measured, outcomes: ReadonlyArray<Outcome>): ReadonlyArray<string> =>
  calls.flatMap((call) => {
    const its = outcomes.filter((outcome) => kindOf(outcome) === call)
    return phases
      .filter((phase) => callsIn(measured, call, phase) > 0 && killsIn(its, phase) === 0)
      .map((phase) => `${call} in ${phase}`)
  })
