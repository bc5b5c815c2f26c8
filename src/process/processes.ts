import * as Effect from "effect/Effect"
import { basename, join } from "node:path"
import type { FileError } from "../storage/files.ts"
import type { KnownWake, Place } from "./knownWake.ts"
import { launching } from "./launcher.ts"
import { inTime, processLimits } from "./limits.ts"
import type { ProcessEntry, ProcessTable } from "./processTable.ts"
import type { WakeRecord } from "./wakeFiles.ts"

/** What an earlier look found of a wake. It tells the next look what a leader or a parent that has ended left behind. */
export interface SeenWake {
  readonly wake: KnownWake
  readonly group: number | null // the process group that was the wake's own at that moment
  readonly identities: ReadonlyArray<string> // of its processes
}

/**
 * What lives of a wake: its leader, the members of its group, those that left the group and still carry its cookie, and
 * what any of these has started.
 */
export interface LivingWake extends SeenWake {
  readonly pids: ReadonlyArray<number>
  readonly group: number | null // the group that is signalled as a whole
  readonly strays: ReadonlyArray<number> // the processes that are signalled one by one
  readonly began: boolean // there is more than a launcher
}

/** The processes of wakes, as this platform finds and stops them. */
export interface Processes {
  readonly place: Effect.Effect<Place, FileError>
  /** The start time of a process as its record tells it; empty if it cannot be read. */
  readonly startOf: (pid: number) => Effect.Effect<string>
  /** Whether the process that wrote the record lives. Another process with a reused pid does not count. */
  readonly leaderLives: (wake: KnownWake) => Effect.Effect<boolean, FileError>
  /**
   * The wakes of which something lives. `seen` is what an earlier look found: a group or a process that was theirs then is
   * theirs now, even if its leader or its parent has ended.
   */
  readonly living: (
    wakes: ReadonlyArray<KnownWake>,
    seen: ReadonlyArray<SeenWake>
  ) => Effect.Effect<ReadonlyArray<LivingWake>, FileError>
  readonly signal: (living: LivingWake, signal: "SIGTERM" | "SIGKILL") => Effect.Effect<void>
}

/** The path of a file of the wake now, and when the wake began: the folder may have been moved since. */
const pathsOf = (path: string, { record }: KnownWake): ReadonlyArray<string> =>
  record?.tasks_dir === undefined ? [path] : [path, join(record.tasks_dir, basename(path))]

/** The variables that name the work of a wake. A batch has no task, and an older version gave a task no messages. */
const workNames = (wake: KnownWake): ReadonlyArray<string> => [
  ...pathsOf(wake.files.payload_path, wake).map((path) => `TASK_FILE=${path}`),
  ...pathsOf(wake.files.messages_path, wake).map((path) => `MESSAGES_FILE=${path}`)
]

/**
 * The cookie alone does not suffice: two daemons of one machine, or one for a task and a batch, may make the same wake id in the
 * same millisecond.
 */
const carriesCookie = ({ environment }: ProcessEntry, wake: KnownWake): boolean => {
  const entries = `\0${environment}`
  return entries.includes(`\0AGENTCOM_WAKE_ID=${wake.files.wake_id}\0`) &&
    workNames(wake).some((name) => entries.includes(`\0${name}\0`))
}

/** Whether it is a launcher: it will become the command, or find that it must not. */
const isLauncher = ({ environment }: ProcessEntry): boolean => `\0${environment}`.includes(`\0${launching}=`)

/** An agent may have changed its environment, so the cookie decides only if the start time is not known. */
const isLeader = (entry: ProcessEntry, wake: KnownWake): boolean =>
  wake.record !== null && entry.pid === wake.record.pid &&
  (wake.record.start_time === "" ? carriesCookie(entry, wake) : entry.start_time === wake.record.start_time.trim())

/** The daemon and what started it. All of these may carry a cookie if an agent restarted the daemon. */
const ancestors = (entries: ReadonlyArray<ProcessEntry>, pid: number): ReadonlyArray<number> => {
  const entry = entries.find((candidate) => candidate.pid === pid)
  return entry === undefined || entry.pid === entry.parent ? [pid] : [pid, ...ancestors(entries, entry.parent)]
}

const pidsOf = (entries: ReadonlyArray<ProcessEntry>) => entries.map(({ pid }) => pid)

/** The system may reuse a pid, but not with the same start time. */
const identityOf = ({ pid, start_time }: ProcessEntry): string => `${pid} ${start_time}`

/** These processes and all that they have started, except what is spared and what that has started. */
const withDescendants = (
  entries: ReadonlyArray<ProcessEntry>,
  roots: ReadonlyArray<ProcessEntry>,
  spared: ReadonlyArray<number>
): ReadonlyArray<ProcessEntry> => {
  const found = new Map(roots.map((entry) => [entry.pid, entry]))
  for (const { pid } of found.values()) { // grows during the loop
    for (const entry of entries) {
      if (entry.parent === pid && !found.has(entry.pid) && !spared.includes(entry.pid)) found.set(entry.pid, entry)
    }
  }
  return [...found.values()]
}

/** Whether there is more than launchers and their tools. The environment of a tool is empty for a moment when it begins. */
const hasCommand = (all: ReadonlyArray<ProcessEntry>): boolean =>
  withDescendants(all, all.filter(isLauncher), []).length < all.length

/** Whether another process has the leader's pid. The system reuses that only when no member of its group is left. */
const isTaken = (entries: ReadonlyArray<ProcessEntry>, { pid, start_time }: WakeRecord): boolean =>
  start_time !== "" && entries.some((entry) => entry.pid === pid && entry.start_time !== start_time.trim())

/**
 * What lives of one wake. A group is the wake's own if its leader is there, even a dead one, if a member carries the cookie,
 * or if an earlier look found it so: the system does not reuse the number of a group while a member lives.
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

/** When the first of the wakes began, 0 if one is not known. Nothing older carries a cookie, as that was made for the leader. */
const firstStart = (wakes: ReadonlyArray<KnownWake>): number =>
  Math.min(...wakes.map(({ record }) => Number(record?.start_time ?? "") || 0))

/** Signals a process, or with a negative number a group. Errors do not matter: the next look says what is left. */
export const sendSignal = (pid: number, signal: NodeJS.Signals): Effect.Effect<void> =>
  Effect.ignore(Effect.try(() => process.kill(pid, signal)))

/** The processes of a POSIX system, as its process table shows them. */
export const posixProcesses = (table: ProcessTable): Processes => ({
  place: inTime("the process table", table.place),
  startOf: (pid) =>
    table.find(pid).pipe(Effect.map((entry) => entry?.start_time ?? ""), Effect.orElseSucceed(() => "")),
  leaderLives: Effect.fnUntraced(function*(wake: KnownWake) {
    const entry = wake.record === null ? null : yield* inTime("the process table", table.find(wake.record.pid))
    return entry !== null && !entry.zombie && isLeader(entry, wake)
  }),
  living: Effect.fnUntraced(function*(wakes: ReadonlyArray<KnownWake>, seen: ReadonlyArray<SeenWake>) {
    if (wakes.length === 0) return []
    const entries = yield* inTime("the process table", table.all(firstStart(wakes)), processLimits.table_ms)
    const spared = ancestors(entries, process.pid)
    return wakes
      .map((wake) => {
        const earlier = seen.find((one) => one.wake.files.record_path === wake.files.record_path)
        return livingOf(entries, spared, wake, earlier)
      })
      .filter(({ pids }) => pids.length > 0)
  }),
  signal: ({ group, strays }, signal) =>
    Effect.forEach(group === null ? strays : [-group, ...strays], (pid) => sendSignal(pid, signal), { discard: true })
})
