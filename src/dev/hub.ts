import { type Agent, type Bucket, type Count, penalised, type RateTier, take, type Verdict } from "./agents.ts"
import type { JsonObject } from "./json.ts"
import { limits } from "./limits.ts"
import type { HubTask } from "./tasks.ts"

/** One open WebSocket in the hub's records. */
export interface Socket {
  readonly id: number
  agentId: string | undefined
  /** A second identify subscribes again, which doubles every broadcast. */
  subscriptions: number
  readonly channels: Map<string, number>
  lastHeard: number
  violations: Count | undefined
  /** A half-open connection that the hub does not notice, so it is not closed for silence. */
  frozen: boolean
}

/** What the other agents are told about an agent. */
export interface Presence {
  readonly agent_id: string
  readonly name: string
  readonly status: string
  readonly capabilities: ReadonlyArray<string>
  readonly connected_at: number
  readonly lastSeen: number
}

/** What is to be done to the sockets, in this order. */
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
  /** For tests only: clients no longer see a cancelled task. */
  readonly cancelled: Map<string, HubTask>
  readonly tokens: Map<string, string>
  readonly channels: Map<string, Channel>
  readonly mailboxes: Map<string, ReadonlyArray<Message & { readonly seq: number }>>
  readonly lastMail: { seq: number }
}

/** The records of the hub: plain data that only its synchronous functions change. They get the time as an argument. */
export interface Hub extends Durable, World {
  readonly agents: Map<string, Agent>
  /** The socket that gets an agent's pushes: the FIRST one of the agent, until it closes. */
  readonly registry: Map<string, number>
  readonly presence: Map<string, Presence>
  readonly sockets: Map<number, Socket>
  readonly buckets: Map<string, Bucket>
  /** Agent → when its penalty started, in virtual epoch ms. */
  readonly penalties: Map<string, number>
  readonly cooldowns: Map<string, Count>
  readonly room: { seq: number }
  readonly next: { assignmentSweep: number; presenceSweep: number; ttlSweep: number }
  readonly outputs: Array<Output>
  /** Something happened that may let an idle agent get a queued task. */
  scheduleWanted: boolean
}

/** What the records need from outside. */
interface World {
  /** 16 random hex digits. */
  readonly makeId: () => string
  /** 1, 2, 3 …: never the same twice, not even across restarts. */
  readonly count: () => number
}

/** The data of a hub that never ran. */
export const emptyDurable = (): Durable => ({
  tasks: new Map(),
  deadLetters: new Map(),
  cancelled: new Map(),
  tokens: new Map(),
  channels: new Map(),
  mailboxes: new Map(),
  lastMail: { seq: 0 }
})

/** A hub that has just started: it has its durable data, and no agents. */
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
  room: { seq: 0 },
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

/** Sends to every subscribed socket, as often as it subscribed, except the sockets of one agent. */
export const broadcast = (hub: Hub, frame: JsonObject, exceptAgent?: string): void => {
  for (const socket of hub.sockets.values()) {
    if (exceptAgent !== undefined && socket.agentId === exceptAgent) continue
    for (let copy = 0; copy < socket.subscriptions; copy++) send(hub, socket.id, frame)
  }
}

/** Changes the record of an agent, if the hub has one. */
export const updateAgent = (hub: Hub, agentId: string, change: (agent: Agent) => Agent): void => {
  const agent = hub.agents.get(agentId)
  if (agent !== undefined) hub.agents.set(agentId, change(agent))
}

/** The agent that a token belongs to. */
export const agentOfToken = (hub: Hub, token: string | undefined): string | undefined =>
  token === undefined ? undefined : hub.tokens.get(token)

/** The newest identified socket of an agent. The agent's pushes may go to an older one. */
export const newestSocket = (hub: Hub, agentId: string): number | undefined =>
  [...hub.sockets.values()].findLast((socket) => socket.agentId === agentId)?.id

/** Counts one request against a limit. The first refused one starts the penalty of `who`. */
export const limitRate = (hub: Hub, over: "http" | "ws", who: string, tier: RateTier, now: number): Verdict => {
  const key = `${over} ${tier} ${who}`
  const [verdict, bucket] = take(hub.buckets.get(key), tier, now)
  hub.buckets.set(key, bucket)
  if (verdict._tag === "Deny") hub.penalties.set(who, penalised(hub.penalties.get(who), now))
  return verdict
}

/** A frame of an identified agent. */
export interface Received {
  readonly hub: Hub
  readonly socket: Socket
  readonly agentId: string
  readonly frame: JsonObject
  readonly now: number
}

/** Handles a frame. Returns the frames to answer, in order. */
export type Handler = (received: Received) => ReadonlyArray<JsonObject>
