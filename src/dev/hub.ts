import type { Agent } from "./agents.ts"
import type { JsonObject } from "./json.ts"
import { limits } from "./limits.ts"
import type { Bucket, Cooldown, Penalty, Violations } from "./rateLimit.ts"
import type { HubTask } from "./tasks.ts"

/** One open WebSocket in the hub's books. */
export interface Socket {
  readonly id: number
  agentId: string | undefined
  /** Identifying twice subscribes twice, which doubles every broadcast. */
  subscriptions: number
  readonly channels: Map<string, number>
  lastHeard: number
  violations: Violations | undefined
  /** A half-open link: the hub has not noticed yet, so nothing closes it for silence. */
  frozen: boolean
}

/** What the other agents are told of an agent. */
export interface Presence {
  readonly agent_id: string
  readonly name: string
  readonly status: string
  readonly capabilities: ReadonlyArray<string>
  readonly connected_at: number
  readonly lastSeen: number
}

/** What the shell has to do, in this order. */
export type Output =
  | { readonly _tag: "Send"; readonly socket: number; readonly frame: JsonObject }
  | { readonly _tag: "Push"; readonly socket: number; readonly frame: JsonObject }
  | { readonly _tag: "Close"; readonly socket: number; readonly code: number; readonly reason: string }
  | { readonly _tag: "Terminate"; readonly socket: number }

export interface Message {
  readonly id: string
  readonly from: string
  readonly to: string | null
  readonly type: string
  readonly payload: JsonObject
  readonly reply_to: string | null
  readonly timestamp: number
}

export interface Channel {
  readonly name: string
  readonly description: string
  readonly created_at: number
  readonly subscribers: Set<string>
  readonly history: Array<{ readonly seq: number; readonly message: Message; readonly stored_at: number }>
}

/** What survives a restart of the hub. */
export interface Durable {
  readonly tasks: Map<string, HubTask>
  readonly deadLetters: Map<string, HubTask>
  /** Kept for the tests only: to its clients a cancelled task is gone. */
  readonly cancelled: Map<string, HubTask>
  readonly tokens: Map<string, string>
  readonly channels: Map<string, Channel>
  readonly mailboxes: Map<string, ReadonlyArray<Message & { readonly seq: number }>>
  readonly lastMail: { seq: number }
}

export interface RoomMessage {
  readonly seq: number
  readonly from: string
  readonly text: string
  readonly type: string
  readonly timestamp: number
}

/** The books of the hub: plain data that only its own synchronous functions change, with time handed in. */
export interface Hub extends Durable {
  readonly agents: Map<string, Agent>
  /** Who gets an agent's pushes: the FIRST of its sockets, until that one closes. */
  readonly registry: Map<string, number>
  readonly presence: Map<string, Presence>
  readonly sockets: Map<number, Socket>
  readonly buckets: Map<string, Bucket>
  readonly penalties: Map<string, Penalty>
  readonly cooldowns: Map<string, Cooldown>
  readonly room: Array<RoomMessage>
  readonly next: { assignmentSweep: number; presenceSweep: number; ttlSweep: number }
  readonly outputs: Array<Output>
  /** Something happened that may let a queued task meet an idle agent. */
  scheduleWanted: boolean
  readonly makeId: () => string
  readonly count: () => number
}

/** The parts of the outside world that the books need. */
export interface World {
  /** 16 random hex digits. */
  readonly makeId: () => string
  /** 1, 2, 3 …: never the same twice, not even across restarts. */
  readonly count: () => number
}

/** An empty disk. */
export const emptyDurable = (): Durable => ({
  tasks: new Map(),
  deadLetters: new Map(),
  cancelled: new Map(),
  tokens: new Map(),
  channels: new Map(),
  mailboxes: new Map(),
  lastMail: { seq: 0 }
})

/** A hub that has just started: it knows its queue, and nobody. */
export const start = (durable: Durable, world: World, now: number): Hub => ({
  ...durable,
  ...world,
  agents: new Map(),
  registry: new Map(),
  presence: new Map(),
  sockets: new Map(),
  buckets: new Map(),
  penalties: new Map(),
  cooldowns: new Map(),
  room: [],
  next: {
    assignmentSweep: now + limits.assignmentSweepMs,
    presenceSweep: now + limits.presenceSweepMs,
    ttlSweep: now + limits.ttlSweepMs
  },
  outputs: [],
  scheduleWanted: false
})

export const send = (hub: Hub, socket: number, frame: JsonObject): void => {
  hub.outputs.push({ _tag: "Send", socket, frame })
}

/** To every subscribed socket, as often as it subscribed, save those of one agent. */
export const broadcast = (hub: Hub, frame: JsonObject, exceptAgent?: string): void => {
  for (const socket of hub.sockets.values()) {
    if (exceptAgent !== undefined && socket.agentId === exceptAgent) continue
    for (let copy = 0; copy < socket.subscriptions; copy++) send(hub, socket.id, frame)
  }
}

/** Changes the picture of an agent, if the hub has one. */
export const updateAgent = (hub: Hub, agentId: string, change: (agent: Agent) => Agent): void => {
  const agent = hub.agents.get(agentId)
  if (agent !== undefined) hub.agents.set(agentId, change(agent))
}

/** The agent whose token this is. */
export const agentOfToken = (hub: Hub, token: string | undefined): string | undefined =>
  token === undefined ? undefined : hub.tokens.get(token)

/** The newest identified socket of an agent, which need not be the one that gets its pushes. */
export const newestSocket = (hub: Hub, agentId: string): number | undefined =>
  [...hub.sockets.values()].findLast((socket) => socket.agentId === agentId)?.id
