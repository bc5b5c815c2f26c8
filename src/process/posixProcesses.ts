import * as Effect from "effect/Effect"
import { basename, join } from "node:path"
import { inTime } from "./inTime.ts"
import { launching } from "./launcher.ts"
import { wakerLimits } from "./limits.ts"
import type { KnownWake, LivingWake, Processes, SeenWake } from "./processes.ts"
import type { ProcessEntry, ProcessTable } from "./processTable.ts"
import type { WakeRecord } from "./record.ts"

/** Where the payload is, and where it was when the wake began, as the folder may have been moved since. */
const payloadPaths = ({ files: { payload_path }, record }: KnownWake): ReadonlyArray<string> =>
  record?.tasks_dir === undefined ? [payload_path] : [payload_path, join(record.tasks_dir, basename(payload_path))]

/** The cookie alone would not do: two daemons of one machine may make the same wake id in the same millisecond. */
const carriesCookie = ({ environment }: ProcessEntry, wake: KnownWake): boolean => {
  const entries = `\0${environment}`
  return entries.includes(`\0AGENTCOM_WAKE_ID=${wake.files.wake_id}\0`) &&
    payloadPaths(wake).some((path) => entries.includes(`\0TASK_FILE=${path}\0`))
}

/** Whether it may yet become the command, or find that it must not. */
const isLauncher = ({ environment }: ProcessEntry): boolean => `\0${environment}`.includes(`\0${launching}=`)

/** An agent may have changed its environment, so the cookie decides only where the start time is not known. */
const isLeader = (entry: ProcessEntry, wake: KnownWake): boolean =>
  wake.record !== null && entry.pid === wake.record.pid &&
  (wake.record.start_time === "" ? carriesCookie(entry, wake) : entry.start_time === wake.record.start_time.trim())

/** The daemon and what started it, all of which may carry a cookie where an agent restarted the daemon. */
const ancestors = (entries: ReadonlyArray<ProcessEntry>, pid: number): ReadonlyArray<number> => {
  const entry = entries.find((candidate) => candidate.pid === pid)
  return entry === undefined || entry.pid === entry.parent ? [pid] : [pid, ...ancestors(entries, entry.parent)]
}

const pidsOf = (entries: ReadonlyArray<ProcessEntry>) => entries.map(({ pid }) => pid)

/** A pid may be given out again, but not with the same start time. */
const identityOf = ({ pid, start_time }: ProcessEntry): string => `${pid} ${start_time}`

/** These processes and what they have started, however loose that is; not what something spared has started. */
const withDescendants = (
  entries: ReadonlyArray<ProcessEntry>,
  roots: ReadonlyArray<ProcessEntry>,
  spared: ReadonlyArray<number>
): ReadonlyArray<ProcessEntry> => {
  const found = new Map(roots.map((entry) => [entry.pid, entry]))
  for (const { pid } of found.values()) { // which grows meanwhile
    for (const entry of entries) {
      if (entry.parent === pid && !found.has(entry.pid) && !spared.includes(entry.pid)) found.set(entry.pid, entry)
    }
  }
  return [...found.values()]
}

/** Whether there is more than launchers and their tools, whose environment is empty for a moment as they begin. */
const hasCommand = (all: ReadonlyArray<ProcessEntry>): boolean =>
  withDescendants(all, all.filter(isLauncher), []).length < all.length

/** Whether somebody else has got the leader's pid, which is given out only when no member of its group is left. */
const isTaken = (entries: ReadonlyArray<ProcessEntry>, { pid, start_time }: WakeRecord): boolean =>
  start_time !== "" && entries.some((entry) => entry.pid === pid && entry.start_time !== start_time.trim())

/**
 * What lives of one wake. A group is known as its own by its leader, even a dead one, by a cookie, or from an earlier look:
 * a number of a group is not given out again while a member lives.
 */
const livingOf = (
  entries: ReadonlyArray<ProcessEntry>,
  spared: ReadonlyArray<number>,
  wake: KnownWake,
  earlier: SeenWake | undefined
): LivingWake => {
  const { record } = wake
  const living = entries.filter((entry) => !entry.zombie)
  const carriers = living.filter((entry) => carriesCookie(entry, wake))
  const leader = entries.find((entry) => isLeader(entry, wake))
  const seen = living.filter((entry) => earlier?.identities.includes(identityOf(entry)) ?? false)
  const groupIsOurs = record !== null && !isTaken(entries, record) &&
    (leader !== undefined || earlier?.group === record.pid ||
      [...carriers, ...seen].some(({ group }) => group === record.pid))
  const members = groupIsOurs ? living.filter(({ group }) => group === record.pid) : []
  const loose = leader === undefined || leader.zombie ? carriers : [...carriers, leader]
  const wholeGroup = members.length > 0 && !members.some(({ pid }) => spared.includes(pid))
  const certain = [...members, ...loose, ...seen].filter(({ pid }) => !spared.includes(pid))
  const all = withDescendants(living, certain, spared)
  return {
    wake,
    pids: pidsOf(all),
    group: wholeGroup ? record?.pid ?? null : null,
    strays: pidsOf(wholeGroup ? all.filter(({ group }) => group !== record?.pid) : all),
    began: hasCommand(all),
    identities: all.map(identityOf)
  }
}

/** When the first of the wakes began: nothing older has its cookie, as that was made for its leader. 0 where it is not known. */
const firstStart = (wakes: ReadonlyArray<KnownWake>): number =>
  Math.min(...wakes.map(({ record }) => Number(record?.start_time ?? "") || 0))

/** What has ended already, or belongs to another user by now, cannot be signalled; the next look says what is left. */
const send = (pid: number, signal: "SIGTERM" | "SIGKILL") => Effect.ignore(Effect.try(() => process.kill(pid, signal)))

/** The processes of a POSIX system, as its process table shows them. */
export const posixProcesses = (table: ProcessTable): Processes => {
  return {
    place: inTime("the process table", table.place),
    startOf: (pid) =>
      table.find(pid).pipe(Effect.map((entry) => entry?.start_time ?? ""), Effect.orElseSucceed(() => "")),
    leaderLives: Effect.fnUntraced(function*(wake: KnownWake) {
      const entry = wake.record === null ? null : yield* inTime("the process table", table.find(wake.record.pid))
      return entry !== null && !entry.zombie && isLeader(entry, wake)
    }),
    living: Effect.fnUntraced(function*(wakes: ReadonlyArray<KnownWake>, seen: ReadonlyArray<SeenWake>) {
      if (wakes.length === 0) return []
      const entries = yield* inTime("the process table", table.all(firstStart(wakes)), wakerLimits.table_ms)
      const spared = ancestors(entries, process.pid)
      return wakes
        .map((wake) =>
          livingOf(
            entries,
            spared,
            wake,
            seen.find((earlier) => earlier.wake.files.record_path === wake.files.record_path)
          )
        )
        .filter(({ pids }) => pids.length > 0)
    }),
    signal: ({ group, strays }, signal) =>
      Effect.forEach(group === null ? strays : [-group, ...strays], (pid) => send(pid, signal), { discard: true })
  }
}
