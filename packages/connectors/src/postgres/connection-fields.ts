import { Type, type Static } from "@weir/kit";

const sslMode = Type.Object(
  {
    mode: Type.Union(
      [
        Type.Literal("disable"),
        Type.Literal("prefer"),
        Type.Literal("require"),
        Type.Literal("verify-ca"),
        Type.Literal("verify-full"),
      ],
      {
        title: "Mode",
        description:
          "disable: never TLS. prefer: TLS where the server offers it. require: TLS, certificate not checked. " +
          "verify-ca: the certificate must come from the given authority. verify-full: it must also name this host.",
        default: "prefer",
        order: 0,
      },
    ),
    ca_certificate: Type.Optional(
      Type.String({
        title: "CA certificate",
        description:
          "PEM text of the authority that signed the server's certificate. Absent: the system's authorities.",
        airbyte_secret: true,
        order: 1,
      }),
    ),
    client_certificate: Type.Optional(
      Type.String({
        title: "Client certificate",
        description: "PEM text, where the server asks for one.",
        airbyte_secret: true,
        order: 2,
      }),
    ),
    client_key: Type.Optional(
      Type.String({
        title: "Client key",
        description: "PEM text of the client certificate's key.",
        airbyte_secret: true,
        order: 3,
      }),
    ),
    client_key_password: Type.Optional(
      Type.String({
        title: "Client key password",
        description: "Where the client key is encrypted.",
        airbyte_secret: true,
        order: 4,
      }),
    ),
  },
  { title: "TLS", description: "How the connection is encrypted.", default: { mode: "prefer" }, order: 6 },
);

/** The fields every PostgreSQL connector has, to be spread into its own schema. They use the orders 0 to 4 and 6. */
export const connectionFields = {
  host: Type.String({
    title: "Host",
    description: "Name or address of the server, or the directory of its Unix socket.",
    examples: ["db.example.com", "127.0.0.1"],
    minLength: 1,
    order: 0,
  }),
  port: Type.Integer({
    title: "Port",
    description: "TCP port of the server; also part of the name of its Unix socket.",
    minimum: 1,
    maximum: 65535,
    default: 5432,
    examples: [5432],
    order: 1,
  }),
  database: Type.String({
    title: "Database",
    description: "Name of the database, spelled exactly.",
    examples: ["shop"],
    minLength: 1,
    order: 2,
  }),
  username: Type.String({
    title: "User",
    description: "The role Weir logs in as.",
    examples: ["weir"],
    minLength: 1,
    order: 3,
  }),
  password: Type.Optional(
    Type.String({
      title: "Password",
      description: "Leave out where the server asks for none.",
      airbyte_secret: true,
      order: 4,
    }),
  ),
  ssl_mode: sslMode,
};

/** Options for the whole schema: URLs of either name lead here. */
export const connectionOptions = { "x-weir-schemes": ["postgresql"] };

const connectionConfig = Type.Object(connectionFields);
export type ConnectionConfig = Static<typeof connectionConfig>;
