import type { Frame, Hub, HubTask, Note, T } from "./world.ts"
import { both, put } from "./world.ts"

export const note = (say: Note["say"], task: T = 0, generation = 0, word = ""): Note => ({
  say,
  task,
  generation,
  word
})

/** What the hub makes of a frame: its books afterwards, and what it answers. */
export interface Reply {
  readonly hub: Hub
  readonly notes: ReadonlyArray<Note>
  readonly what: string
  readonly counted: boolean // a retry of the task
}

const taskIs = (hub: Hub, task: T, patch: Partial<HubTask>): Hub => ({
  ...hub,
  tasks: put(hub.tasks, task, { ...hub.tasks[task], ...patch })
})

/** Back in the queue, under a new generation. */
export const takenBack = (hub: Hub, task: T): Hub =>
  taskIs(hub, task, { at: "queued", accepted: false, generation: hub.tasks[task].generation + 1 })

export const settled = (hub: Hub, task: T, at: "done" | "dead" | "other"): Hub =>
  taskIs(hub, task, { at, accepted: false, generation: hub.tasks[task].generation + (at === "other" ? 1 : 0) })

/** The socket that the hub pushed to is gone: all that we had is taken back at once. */
export const socketClosed = (hub: Hub, socket: "none" | "lost"): Hub => {
  const taken = both.reduce((books, task) => hub.tasks[task].at === "ours" ? takenBack(books, task) : books, hub)
  return { ...taken, socket, idle: true }
}

const unaccepted = (hub: Hub): Hub => ({
  ...hub,
  tasks: [{ ...hub.tasks[0], accepted: false }, { ...hub.tasks[1], accepted: false }]
})

/** The hub has restarted: it still counts what we had as ours, and waits for us to accept it again. */
export const hubRestarted = (hub: Hub): Hub => ({ ...unaccepted(hub), socket: "none" })

/** A new connection has identified: it gets the pushes, unless an older socket of ours is still registered. */
export const identified = (hub: Hub): Hub =>
  hub.socket === "old"
    ? unaccepted(hub)
    : { ...hub, socket: "ours", idle: !both.some((task) => hub.tasks[task].at === "ours") }

export const assigned = (hub: Hub, task: T): Hub => ({
  ...taskIs(hub, task, { at: "ours", accepted: false, generation: hub.tasks[task].generation + 1 }),
  idle: false
})

const reply = (hub: Hub, what: string, notes: ReadonlyArray<Note>, counted = false): Reply => ({
  hub,
  notes,
  what,
  counted
})

const refusal = (hub: Hub, { kind, task }: Frame): Reply => {
  const why = hub.tasks[task].at === "done" || hub.tasks[task].at === "dead" ? "invalid_state" : "stale_generation"
  return reply(hub, why, [note("refused", task, 0, `task_${kind === "complete" ? "complete" : "fail"}_failed: ${why}`)])
}

/** What the hub may answer to a frame when nothing goes wrong with the frame itself. */
export const replies = (hub: Hub, frame: Frame, olderHub: ReadonlyArray<Frame["kind"]>): ReadonlyArray<Reply> => {
  const { generation, kind, task } = frame
  const { accepted, at, generation: now } = hub.tasks[task]
  const mine = at === "ours" && now === generation
  if (olderHub.includes(kind)) {
    const type = kind === "state" ? "state_report" : "task_recovering"
    return [reply(hub, "unknown type", [note("refused", task, 0, `unknown ${type}`)])]
  }
  switch (kind) {
    case "accept":
      return [
        reply(at === "ours" ? taskIs(hub, task, { accepted: true }) : hub, "accepted", [
          note("ack", task, 0, "accepted")
        ])
      ]
    case "reject":
      return [reply(hub, "unknown type", [note("refused", task, 0, "unknown task_rejected")])]
    case "recovery":
      return [
        reply(hub, "", [at === "ours" || at === "other" ? note("continue", task, now) : note("reassign", task)])
      ]
    case "state":
      return [reply(hub, "", [note("state", task, 0, mine ? "continue" : "abort")])]
    case "complete":
      return [
        mine
          // A report without an accept before it leaves the hub thinking us at work.
          ? reply({ ...settled(hub, task, "done"), idle: accepted }, "complete", [note("ack", task, 0, "complete")])
          : refusal(hub, frame)
      ]
    case "failed":
      return mine
        ? [
          reply({ ...takenBack(hub, task), idle: accepted }, "retried", [note("ack", task, 0, "retried")], true),
          reply({ ...settled(hub, task, "dead"), idle: accepted }, "dead_letter", [
            note("ack", task, 0, "dead_letter")
          ], true)
        ]
        : [refusal(hub, frame)]
  }
}
