import { describe, expect, it } from "@effect/vitest"
import * as Redacted from "effect/Redacted"
import { knownSecrets, looksLikeKey, secretsIn } from "../../src/secrets/secret.ts"

const valuesIn = (environment: Readonly<Record<string, string | undefined>>) =>
  secretsIn(environment).map(({ value }) => value)

const pem = [
  "-----BEGIN PRIVATE KEY-----",
  "MIIEvQIBADANBgkqhkiG9w0BAQEFAASC",
  "BKcwggSjAgEAAoIBAQDJ",
  "-----END PRIVATE KEY-----"
]

describe("a variable holds a secret", () => {
  const secret: ReadonlyArray<readonly [name: string, value: string]> = [
    ["GITHUB_TOKEN", "abcdefgh1"],
    ["OPENAI_API_KEY", "k".repeat(20)],
    ["SMTP_PASS", "hunterhunter"],
    ["DB_PASSWD", "hunterhunter"],
    ["PGPASSWORD", "hunterhunter"],
    ["MYSQL_PWD", "hunterhunter"],
    ["SSH_PASSPHRASE", "correct horse battery"],
    ["AWS_SECRET_ACCESS_KEY", "wJalrXUtnFEMI/K7MDENG"],
    ["GITHUB_PAT", "a1b2c3d4"],
    ["STRIPE_KEY", "sk0live0abcdef"],
    ["SENTRY_DSN", "https://0123456789abcdef@sentry.example/4"]
  ]
  it.each(secret)("where its name says so: %s=%s", (name, value) => {
    expect(valuesIn({ [name]: value })).toEqual([value])
  })

  const harmless: ReadonlyArray<readonly [name: string, value: string | undefined]> = [
    ["CACHE_KEY", "production"],
    ["SORT_KEY", "created_at"],
    ["PRIMARY_KEY", "customer_id"],
    ["TOKEN_LIMIT", "200000000"],
    ["MAX_TOKENS", "100000000"],
    ["SSH_KEY", "/home/u/.ssh/id_rsa1"],
    ["TOKEN_FILE", "./secrets/token1"],
    ["PWD", "/home/u/work"],
    ["OLDPWD", "C:\\Users\\u1"],
    ["BYPASS_CACHE", "everything"],
    ["DB_PASSWORD", "short"],
    ["HOME", "/home/a/b/c"],
    ["HUB_URL", "http://hub.example:4000/path"],
    ["NOTHING", undefined]
  ]
  it.each(harmless)("but not where it is a path, a number, a word or short: %s=%s", (name, value) => {
    expect(valuesIn({ [name]: value })).toEqual([])
  })

  const parts: ReadonlyArray<readonly [name: string, value: string, parts: ReadonlyArray<string>]> = [
    ["DATABASE_URL", "postgres://me:hunter%32hunter@db:5432/x", ["hunter%32hunter", "hunter2hunter"]],
    ["REDIS", "redis://:hunter2hunter@cache:6379", ["hunter2hunter"]],
    ["STORAGE", "Server=db;User Id=me;Password=hunter2hunter;Encrypt=yes", ["hunter2hunter"]],
    ["BLOBS", "AccountName=me;AccountKey=abcdefgh0123==;EndpointSuffix=x", ["abcdefgh0123=="]],
    ["DEPLOY", pem.join("\n"), pem.slice(1, 3)],
    ["DEPLOY", pem.join("\\n"), pem.slice(1, 3)],
    ["HTTPS_PROXY", "http://someone:pass@word/9@proxy:3128", ["someone:pass@word/9", "pass@word/9"]],
    ["all_proxy", "me:abcdefgh@proxy", ["me:abcdefgh", "abcdefgh"]],
    ["HTTPS_PROXY", "http://me:Tr0ub%263@proxy:3128", ["me:Tr0ub%263", "Tr0ub%263", "me:Tr0ub&3"]],
    ["HTTPS_PROXY", "https://0123456789@proxy", ["0123456789"]],
    ["HTTPS_PROXY", "http://me:50%off-and-more@proxy", ["me:50%off-and-more", "50%off-and-more"]],
    ["HTTP_PROXY", "http://proxy:3128", []],
    ["NO_PROXY", "a,b:80", []]
  ]
  it.each(parts)("in a part of it: %s=%s", (name, value, expected) => {
    expect(valuesIn({ [name]: value })).toEqual(expected)
  })
})

it("the daemon knows its token, its key and the login of its proxy for certain", () => {
  const known = knownSecrets(
    { token: Redacted.make("t0ken"), tls_key: Redacted.make(pem.join("\n")) },
    { HTTPS_PROXY: "http://0123456789@proxy", API_KEY: "a1b2c3d4" }
  )
  expect(known).toEqual([
    { value: "t0ken", name: "token", certain: true },
    { value: pem[1], name: "tls_key", certain: true },
    { value: pem[2], name: "tls_key", certain: true },
    { value: "0123456789", name: "HTTPS_PROXY", certain: true },
    { value: "a1b2c3d4", name: "API_KEY", certain: false }
  ])
})

describe("in an answer the value of a variable is hidden", () => {
  it.each(["wJalrXUtnFEMI/K7MDENG", "/K7MDENG+bPxRfiCY0=", "0123456789abcdef"])(
    "where it looks like a key: %s",
    (value) => {
      expect(looksLikeKey(value)).toBe(true)
    }
  )

  it.each([
    ["shorter than 16 characters", "0123456789abcde"],
    ["without a digit", "productionproduction"],
    ["without a letter", "01234567890123456789"],
    ["a path", "/var/lib/agent-0123456789"],
    ["several words", "route 66 and many other words"]
  ])("but not one %s", (_, value) => {
    expect(looksLikeKey(value)).toBe(false)
  })
})
