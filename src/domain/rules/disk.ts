import { limits } from "../../limits.ts"
import type { Command } from "../Command.ts"
import type { Disk, SidecarState, StoredState } from "../SidecarState.ts"
import { heldTask } from "../SidecarState.ts"
import type { Rule } from "../step.ts"
import { activityIs, all, emit, given, log, startTimer, stay } from "../step.ts"
import { assess } from "./evidence.ts"
import { flush, settleInFlight } from "./exchange.ts"
import { disconnected } from "./life.ts"

/** What a restart recovers is on disk already: only another task that becomes active was accepted. */
const accepts = (before: SidecarState, { active }: StoredState): boolean =>
  active !== null && heldTask(before)?.task_id !== active.task_id

/**
 * Rule 12: whether a step must not be taken before it is on disk. Accepting a task and waking its agent are such; all else
 * goes on from memory, as an older state leads to the same end.
 */
export const needsSaving = (before: SidecarState, after: SidecarState, commands: ReadonlyArray<Command>): boolean =>
  accepts(before, after.stored) || commands.some(({ _tag }) => _tag === "WakeAgent")

/** Rule 12: a failure that was sent is never sent again, so it is sent only when it is on disk that it was. */
export const waitsForDisk = (command: Command): boolean =>
  command._tag === "SendReport" && command.report._tag === "Failed"

const diskIs = (disk: Disk): Rule => (state) => [{ ...state, disk }, []]

/** A wake that was undone is a look at the evidence that came to nothing. */
const lookAgainLater: Rule = given(({ agent }) =>
  agent.activity._tag === "Inspecting" ? activityIs({ _tag: "Idle" }) : stay
)

/**
 * Rule 12: without a task none is accepted, so the connection is closed until a write works; with one we go on. The step
 * that could not be saved may have been `undone`, or only its report of a failure `withheld`.
 */
export const saveFailed = (reason: string, undone: boolean, withheld: boolean): Rule =>
  given((state) =>
    all(
      state.disk === "ok" ? log({ event: "state_unsaved", reason }) : stay,
      heldTask(state) === null
        ? all(diskIs("refusing"), emit({ _tag: "CloseConnection" }), disconnected(false))
        : diskIs("failing"),
      undone ? lookAgainLater : stay,
      withheld ? settleInFlight : stay,
      startTimer("disk", limits.disk_retry_ms)
    )
  )

/** Rule 12: the disk is tried again: by what we owe, or by the wake whose payload could not be written. */
export const diskDue: Rule = given(({ disk }) => disk === "ok" ? assess : emit({ _tag: "SaveState" }))

/** Rule 12: the disk works again. */
export const saveSucceeded: Rule = given(({ disk }) =>
  disk === "ok" ? stay : all(
    diskIs("ok"),
    log({ event: "state_saved_again" }),
    disk === "refusing" ? emit({ _tag: "OpenConnection" }) : stay,
    assess,
    flush
  )
)
