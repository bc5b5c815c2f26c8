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
  /** When the last frame passed it, in either direction, in virtual epoch ms. */
  lastActive: number
  violations: Count | undefined
  /** What waits for the end of the message that the hub works on for this socket; undefined without one. */
  waiting: Array<Waiting> | undefined
}

type Waiting =
  | { readonly _tag: "Receive"; readonly frame: JsonObject }
  | { readonly _tag: "Emit"; readonly output: SocketOutput }

/** What the other agents are told about an agent. */
export interface Presence {
  readonly agent_id: string
  readonly name: string
  readonly status: string
  readonly capabilities: ReadonlyArray<string>
  readonly connected_at: number
}

/** What is to be done to a socket. */
export type SocketOutput =
  | { readonly _tag: "Send"; readonly socket: number; readonly frame: JsonObject }
  | { readonly _tag: "Push"; readonly socket: number; readonly frame: JsonObject }
  | { readonly _tag: "Close"; readonly socket: number; readonly code: number; readonly reason: string }
  | { readonly _tag: "Terminate"; readonly socket: number }

/** What is to be done outside the records, in this order. */
export type Output = SocketOutput | { readonly _tag: "Respond"; readonly respond: () => void }

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
  /** Agent → when it subscribed, in virtual epoch ms. */
  readonly subscribers: Map<string, number>
  readonly history: Array<{ readonly seq: number; readonly message: Message; readonly stored_at: number }>
}

/** A message of the room. Its sender and type are whatever was said. */
export interface RoomMessage {
  readonly seq: number
  readonly from: string
  readonly text: string
  readonly type: unknown
  readonly timestamp: number
}

/** Something that the hub does at its time, in virtual epoch ms. */
export interface Job {
  readonly at: number
  readonly run: (now: number) => void
}

export interface Numbered extends Message {
  readonly seq: number
}

/** What survives a restart of the hub. */
export interface Durable {
  readonly tasks: Map<string, HubTask>
  readonly deadLetters: Map<string, HubTask>
  /** For tests only: clients no longer see a cancelled task. */
  readonly cancelled: Map<string, HubTask>
  readonly tokens: Map<string, string>
  readonly channels: Map<string, Channel>
  readonly mailboxes: Map<string, ReadonlyArray<Numbered>>
  /** The direct messages and broadcasts of all agents, oldest first. */
  readonly history: Array<Numbered>
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
  readonly room: Array<RoomMessage>
  readonly next: { assignmentSweep: number; ttlSweep: number }
  readonly jobs: Set<Job>
  readonly outputs: Array<Output>
  /** The last sequence number of a mailbox: the hub counts for all agents together. */
  lastMail: number
  /** When the messages that are being stored will be, in virtual epoch ms. */
  historyFreeAt: number
  /** Something happened that may let an idle agent get a queued task. */
  scheduleWanted: boolean
}

/** What the records need from outside. */
interface World {
  /** 16 random hex digits. */
  readonly makeId: () => string
  /** 1, 2, 3 …: never the same twice, not even across restarts. */
  readonly count: () => number
  /** What storing a message takes, and putting a broadcast into a mailbox, in virtual ms. */
  readonly messageCostMs: number
}

/** The data of a hub that never ran. */
export const emptyDurable = (): Durable => ({
  tasks: new Map(),
  deadLetters: new Map(),
  cancelled: new Map(),
  tokens: new Map(),
  channels: new Map(),
  mailboxes: new Map(),
  history: []
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
  room: [],
  next: {
    assignmentSweep: now + limits.assignmentSweepMs,
    ttlSweep: now + limits.ttlSweepMs
  },
  jobs: new Set(),
  outputs: [],
  lastMail: Math.max(0, ...[...durable.mailboxes.values()].flatMap((mails) => mails.at(-1)?.seq ?? [])),
  historyFreeAt: now,
  scheduleWanted: false
})

/** Does something at its time: at once if that has come. */
export const runAt = (hub: Hub, at: number, now: number, run: Job["run"]): void => {
  if (at <= now) run(now)
  else hub.jobs.add({ at, run })
}

/** Has something done to a socket, after the message that the hub works on for it. */
export const emit = (hub: Hub, output: SocketOutput): void => {
  const waiting = hub.sockets.get(output.socket)?.waiting
  if (waiting === undefined) hub.outputs.push(output)
  else waiting.push({ _tag: "Emit", output })
}

export const send = (hub: Hub, socket: number, frame: JsonObject): void => emit(hub, { _tag: "Send", socket, frame })

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

type Frames = ReadonlyArray<JsonObject>

/** An answer that may come later. The hub gives up on one that takes too long. */
type LaterAnswer = (answered: (frames: Frames, now: number) => void, gaveUp: (now: number) => void) => void

/** Handles a frame. Returns the frames to answer, in order, or how to get them. */
export type Handler = (received: Received) => Frames | LaterAnswer

/** The first ones of a list; with a negative count the last ones. */
export const portion = <A>(list: ReadonlyArray<A>, count: number): ReadonlyArray<A> =>
  count < 0 ? list.slice(count) : list.slice(0, count)
