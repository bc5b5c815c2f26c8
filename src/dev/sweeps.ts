import * as agents from "./agents.ts"
import { close, leave, terminate } from "./connections.ts"
import type { Hub } from "./hub.ts"
import { limits } from "./limits.ts"
import { bury, reclaim } from "./queue.ts"
import * as tasks from "./tasks.ts"

interface Deadline {
  readonly at: number
  readonly fire: (hub: Hub, now: number) => void
}

const acceptanceTimeout = (agentId: string, taskId: string) => (hub: Hub, now: number): void => {
  // The timer does not look who has the task by now.
  reclaim(hub, taskId, now, "agent_disconnect")
  const agent = hub.agents.get(agentId)
  if (agent !== undefined) hub.agents.set(agentId, agents.timedOut(agent, hub.count()))
}

const sweepAssignments = (hub: Hub, now: number): void => {
  hub.next.assignmentSweep += limits.assignmentSweepMs
  for (const task of [...hub.tasks.values()]) {
    if (tasks.isOverdue(task, now)) reclaim(hub, task.id, now, "overdue")
    const works = task.assigned_to !== null && hub.agents.get(task.assigned_to)?.phase === "working"
    if (tasks.isStale(task, works, now)) reclaim(hub, task.id, now, "agent_disconnect")
  }
}

const sweepTtl = (hub: Hub, now: number): void => {
  hub.next.ttlSweep += limits.ttlSweepMs
  for (const task of [...hub.tasks.values()]) if (tasks.isPastTtl(task, now)) bury(hub, tasks.expired(task, now))
}

const sweepPresence = (hub: Hub, now: number): void => {
  hub.next.presenceSweep += limits.presenceSweepMs
  for (const { agent_id, lastSeen } of [...hub.presence.values()]) {
    if (lastSeen >= now - limits.presenceMs) continue
    const socket = hub.registry.get(agent_id)
    if (socket === undefined) leave(hub, agent_id)
    else if (hub.sockets.get(socket)?.frozen !== true) terminate(hub, socket, now)
  }
}

const closeIdle = (socket: number) => (hub: Hub, now: number): void => close(hub, socket, 1002, "", now)

const deadlines = (hub: Hub): ReadonlyArray<Deadline> => [
  { at: hub.next.assignmentSweep, fire: sweepAssignments },
  { at: hub.next.ttlSweep, fire: sweepTtl },
  { at: hub.next.presenceSweep, fire: sweepPresence },
  ...[...hub.agents.values()].flatMap(({ agentId, taskId, acceptBy }) =>
    acceptBy === undefined || taskId === undefined
      ? []
      : [{ at: acceptBy, fire: acceptanceTimeout(agentId, taskId) }]
  ),
  ...[...hub.sockets.values()].flatMap((socket) =>
    socket.frozen ? [] : [{ at: socket.lastHeard + limits.idleSocketMs, fire: closeIdle(socket.id) }]
  )
]

const earliest = (hub: Hub): Deadline => deadlines(hub).reduce((first, one) => one.at < first.at ? one : first)

/** When the hub next has something to do by itself, in virtual epoch ms. */
export const nextDeadline = (hub: Hub): number => earliest(hub).at

/** Does the one thing that is due next, at its own time. */
export const fireNext = (hub: Hub): void => {
  const { at, fire } = earliest(hub)
  fire(hub, at)
}
