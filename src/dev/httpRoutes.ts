import * as api from "./httpApi.ts"
import type { Hub } from "./hub.ts"
import { agentOfToken } from "./hub.ts"
import { listedChannels } from "./messages.ts"
import { penalised, type RateTier, take } from "./rateLimit.ts"
import { bodies, checkShape, schemas, type Shape } from "./schemaCheck.ts"

interface Route {
  readonly method: "GET" | "POST"
  /** `*` stands for one segment, which the handler gets as its name. */
  readonly path: string
  /** Who may ask: anyone, any registered agent, or only the agent that the path names. */
  readonly who: "anyone" | "agent" | "itself"
  /** The limit it counts against; none when it is free. */
  readonly tier?: RateTier
  readonly shape?: Shape
  readonly answer: (call: api.Call) => api.Response
}

const routes: ReadonlyArray<Route> = [
  {
    method: "GET",
    path: "/health",
    who: "anyone",
    answer: ({ hub }) => api.reply(200, { status: "ok", service: "agent_com", agents_connected: hub.presence.size })
  },
  { method: "GET", path: "/api/schemas", who: "anyone", answer: () => api.reply(200, { version: "1.0", schemas }) },
  {
    method: "POST",
    path: "/api/onboard/register",
    who: "anyone",
    tier: "heavy",
    shape: bodies.register,
    answer: api.register
  },
  { method: "GET", path: "/api/agents", who: "anyone", tier: "light", answer: api.listAgents },
  {
    method: "GET",
    path: "/api/channels",
    who: "anyone",
    tier: "light",
    answer: ({ hub }) => api.reply(200, { channels: listedChannels(hub) })
  },
  { method: "POST", path: "/api/tasks", who: "agent", tier: "heavy", shape: bodies.task, answer: api.submit },
  { method: "GET", path: "/api/tasks", who: "agent", tier: "light", answer: api.listTasks },
  { method: "GET", path: "/api/tasks/*", who: "agent", tier: "normal", answer: api.getTask },
  { method: "POST", path: "/api/tasks/*/cancel", who: "agent", answer: api.cancelTask },
  { method: "POST", path: "/api/tasks/*/retry", who: "agent", tier: "normal", answer: api.retryTask },
  {
    method: "POST",
    path: "/api/admin/push-task",
    who: "agent",
    tier: "heavy",
    shape: bodies.pushTask,
    answer: api.pushTask
  },
  { method: "POST", path: "/api/admin/agents/*/restart", who: "agent", answer: api.restartSidecar },
  {
    method: "POST",
    path: "/api/message",
    who: "agent",
    tier: "normal",
    shape: bodies.message,
    answer: api.sendMessage
  },
  { method: "POST", path: "/api/room/message", who: "agent", answer: api.sayInRoom },
  {
    method: "POST",
    path: "/api/channels",
    who: "agent",
    tier: "heavy",
    shape: bodies.channel,
    answer: api.createChannel
  },
  {
    method: "POST",
    path: "/api/channels/*/publish",
    who: "agent",
    tier: "normal",
    shape: bodies.publish,
    answer: api.publish
  },
  { method: "GET", path: "/api/mailbox/*", who: "itself", answer: api.readMailbox },
  { method: "POST", path: "/api/mailbox/*/ack", who: "itself", shape: bodies.mailboxAck, answer: api.ackMailbox }
]

/** The segment that `*` stands for, empty without one; undefined when the path is another. */
const match = (pattern: string, path: string): string | undefined => {
  const [before = "", after] = pattern.split("*")
  if (after === undefined) return path === pattern ? "" : undefined
  if (!path.startsWith(before) || !path.endsWith(after)) return undefined
  const name = path.slice(before.length, path.length - after.length)
  return name === "" || name.includes("/") ? undefined : name
}

const find = ({ method, path }: api.Request) => {
  for (const route of routes) {
    const name = route.method === method ? match(route.path, path) : undefined
    if (name !== undefined) return { route, name }
  }
  return undefined
}

const limited = (hub: Hub, who: string, tier: RateTier, now: number): api.Response | undefined => {
  const key = `http ${tier} ${who}`
  const [verdict, bucket] = take(hub.buckets.get(key), tier, now)
  hub.buckets.set(key, bucket)
  if (verdict._tag !== "Deny") return undefined
  hub.penalties.set(who, penalised(hub.penalties.get(who), now))
  return api.reply(429, { error: "rate_limited", retry_after_ms: verdict.retryAfterMs, tier })
}

const unauthorized = api.reply(401, { error: "unauthorized", hint: "provide Authorization: Bearer <token>" })

/** Answers an HTTP call as the hub's API does. */
export const handle = (hub: Hub, request: api.Request, now: number): api.Response => {
  const found = find(request)
  if (found === undefined) return api.reply(404, { error: "not_found" })
  const { route, name } = found
  const agentId = agentOfToken(hub, request.token)
  if (route.who === "itself" && agentId !== name) return api.reply(401, { error: "unauthorized" })
  if (route.who === "agent" && agentId === undefined) return unauthorized
  const who = route.who === "anyone" ? `ip:${request.address}` : agentId ?? ""
  const denied = route.tier === undefined ? undefined : limited(hub, who, route.tier, now)
  if (denied !== undefined) return denied
  const errors = route.shape === undefined ? [] : checkShape(route.shape, request.body)
  if (errors.length > 0) return api.invalid(errors)
  return route.answer({ ...request, hub, now, agentId: agentId ?? "", name })
}
