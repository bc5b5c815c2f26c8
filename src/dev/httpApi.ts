import type { RateTier } from "./agents.ts"
import { shown } from "./connections.ts"
import { type Answer, type Call, invalid, reply, type Request, type Respond } from "./httpAnswer.ts"
import * as talk from "./httpMessages.ts"
import * as tasks from "./httpTasks.ts"
import { agentOfToken, type Hub, limitRate } from "./hub.ts"
import { text } from "./json.ts"
import { bodies, checkShape, schemas, type Shape } from "./schemaCheck.ts"

const health: Answer = ({ hub }) =>
  reply(200, { status: "ok", service: "agent_com", agents_connected: hub.presence.size })

const makeToken = ({ hub }: Call, agentId: string): string => {
  const token = [hub.makeId(), hub.makeId(), hub.makeId(), hub.makeId()].join("")
  hub.tokens.set(token, agentId)
  return token
}

const register: Answer = (call) => {
  const { hub, body, host } = call
  const agentId = text(body, "agent_id", "")
  if (agentId === "") {
    return invalid([{ field: "agent_id", error: "required", detail: "agent_id must not be empty" }])
  }
  if ([...hub.tokens.values()].includes(agentId)) return reply(409, { error: "agent_id already registered" })
  return reply(201, {
    agent_id: agentId,
    token: makeToken(call, agentId),
    hub_ws_url: `ws://${host}/ws`,
    hub_api_url: `http://${host}`,
    default_repo: null
  })
}

/** Any token makes a token for any agent. */
const mintToken: Answer = (call) => {
  const agent_id = text(call.body, "agent_id", "")
  return reply(201, { agent_id, token: makeToken(call, agent_id) })
}

const listAgents: Answer = ({ hub }) =>
  reply(200, {
    agents: [...hub.presence.values()].map((presence) => ({
      ...shown(presence),
      fsm_state: hub.agents.get(presence.agent_id)?.phase ?? "offline"
    }))
  })

interface Route {
  readonly method: "GET" | "POST"
  /** `*` matches one segment. */
  readonly path: ReadonlyArray<string>
  /** Who may ask: anyone, any registered agent, or only the agent that the path names. */
  readonly who: "anyone" | "agent" | "itself"
  /** The rate limit; undefined for none. */
  readonly tier: RateTier | undefined
  readonly answer: Answer
  readonly shape?: Shape
}

const segments = (path: string): ReadonlyArray<string> => path.split("/").slice(1)

const get = (path: string, who: Route["who"], tier: Route["tier"], answer: Answer): Route => ({
  method: "GET",
  path: segments(path),
  who,
  tier,
  answer
})

const post = (path: string, who: Route["who"], tier: Route["tier"], answer: Answer, shape?: Shape): Route => ({
  method: "POST",
  path: segments(path),
  who,
  tier,
  answer,
  ...(shape === undefined ? {} : { shape })
})

const routes: ReadonlyArray<Route> = [
  get("/health", "anyone", undefined, health),
  get("/api/schemas", "anyone", undefined, () => reply(200, { version: "1.0", schemas })),
  post("/api/onboard/register", "anyone", "heavy", register, bodies.agent),
  post("/admin/tokens", "agent", "heavy", mintToken, bodies.agent),
  get("/api/agents", "anyone", "light", listAgents),
  post("/api/tasks", "agent", "heavy", tasks.submit, bodies.task),
  get("/api/tasks", "agent", "light", tasks.listTasks),
  get("/api/tasks/*", "agent", "normal", tasks.getTask),
  post("/api/tasks/*/cancel", "agent", undefined, tasks.cancelTask),
  post("/api/tasks/*/retry", "agent", "normal", tasks.retryTask),
  post("/api/admin/push-task", "agent", "heavy", tasks.pushTask, bodies.pushTask),
  post("/api/admin/agents/*/restart", "agent", undefined, tasks.restartSidecar),
  post("/api/message", "agent", "normal", talk.sendMessage, bodies.message),
  get("/api/messages", "agent", undefined, talk.findMessages),
  get("/api/threads/*", "agent", undefined, talk.readThread),
  get("/api/threads/*/replies", "agent", undefined, talk.readReplies),
  get("/api/mailbox/*", "itself", undefined, talk.readMailbox),
  post("/api/mailbox/*/ack", "itself", undefined, talk.ackMailbox, bodies.mailboxAck),
  get("/api/room/messages", "anyone", undefined, talk.readRoom),
  post("/api/room/message", "agent", undefined, talk.sayInRoom),
  post("/api/room/message/human", "agent", undefined, talk.sayAsPerson),
  get("/api/channels", "anyone", "light", talk.listChannels),
  post("/api/channels", "agent", "heavy", talk.createChannel, bodies.channel),
  get("/api/channels/*", "anyone", "light", talk.showChannel),
  get("/api/channels/*/history", "anyone", undefined, talk.readChannel),
  post("/api/channels/*/publish", "agent", "normal", talk.publish, bodies.publish),
  post("/api/channels/*/subscribe", "agent", "normal", talk.subscribe),
  post("/api/channels/*/unsubscribe", "agent", "normal", talk.unsubscribe),
  get("/api/agents/*/subscriptions", "agent", undefined, talk.listSubscriptions)
]

/** The segment that `*` matches, empty for a pattern without it; undefined if the path does not match. */
const match = (pattern: ReadonlyArray<string>, path: ReadonlyArray<string>): string | undefined =>
  path.length === pattern.length && pattern.every((segment, index) => segment === "*" || segment === path[index])
    ? path[pattern.indexOf("*")] ?? ""
    : undefined

const findRoute = ({ method, path }: Request) => {
  for (const route of routes) {
    const name = route.method === method ? match(route.path, path) : undefined
    if (name !== undefined) return { ...route, name }
  }
  return undefined
}

/** Answers an HTTP request as the real hub's API does. What the answer causes on the sockets may come before it. */
export const handle = (hub: Hub, request: Request, now: number, write: Respond): void => {
  const respond: Respond = (response) => hub.outputs.push({ _tag: "Respond", respond: () => write(response) })
  const route = findRoute(request)
  if (route === undefined) return respond(reply(404, { error: "not_found" }))
  const { answer, name, shape, tier, who } = route
  const agentId = agentOfToken(hub, request.token)
  if (who === "itself" && agentId !== name) return respond(reply(401, { error: "unauthorized" }))
  if (who === "agent" && agentId === undefined) {
    return respond(reply(401, { error: "unauthorized", hint: "provide Authorization: Bearer <token>" }))
  }
  if (tier !== undefined) {
    const verdict = limitRate(hub, "http", who === "anyone" ? `ip:${request.address}` : agentId ?? "", tier, now)
    if (verdict._tag === "Deny") {
      return respond(reply(429, { error: "rate_limited", retry_after_ms: verdict.retryAfterMs, tier }))
    }
  }
  const errors = shape === undefined ? [] : checkShape(shape, request.body)
  if (errors.length > 0) return respond(invalid(errors))
  const answered = answer({ ...request, hub, now, agentId: agentId ?? "", name })
  if (typeof answered === "function") answered(respond)
  else respond(answered)
}
