import type { DestinationSubject } from "@weir/kit/acceptance";
import type {
  Command,
  ConfiguredStream,
  DestinationConnector,
  DestinationSession,
  JsonObject,
  JsonValue,
  LoadTransaction,
  Message,
  RecordMessage,
  Runner,
  StreamPlan,
} from "@weir/protocol";
import { ExactNumber, isObject, stringifyJson } from "@weir/protocol";
import { type GoodDestination, mapped, tampered } from "./good.ts";

type Write = Extract<Command, { readonly name: "write" }>;
type Break = (good: GoodDestination) => DestinationSubject;

function withRunner({ subject }: GoodDestination, change: (runner: Runner) => Runner): DestinationSubject {
  return { ...subject, runner: change(subject.runner) };
}

/** Its output changed, message by message. */
function says(change: (message: Message) => readonly Message[]): Break {
  return (good) => withRunner(good, (runner) => tampered(runner, (messages) => mapped(messages, change)));
}

/** Its `write` changed before it begins. */
function hears(change: (command: Write, good: GoodDestination) => Write): Break {
  return (good) =>
    withRunner(good, (runner) =>
      tampered(
        runner,
        (messages) => messages,
        (command) => (command.name === "write" ? change(command, good) : command),
      ),
    );
}

/** Records changed as they arrive. */
function takesRecords(change: (record: RecordMessage["record"]) => JsonObject): Break {
  return hears((command) => ({
    ...command,
    messages: mapped(command.messages, (message) =>
      message.type === "RECORD"
        ? [{ ...message, record: { ...message.record, data: change(message.record) } }]
        : [message],
    ),
  }));
}

/** Streams planned otherwise than asked; what is remembered lasts as long as the destination. */
function plans(make: () => (stream: ConfiguredStream, good: GoodDestination) => ConfiguredStream): Break {
  const change = make();
  return hears((command, good) => ({
    ...command,
    catalog: { streams: command.catalog.streams.map((stream) => change(stream, good)) },
  }));
}

/** Only the session is broken, which the component rows try. */
function hasSession(change: (session: DestinationSession) => DestinationSession): Break {
  return (good) =>
    withRunner(good, (runner) => ({
      ...runner,
      destination: async (context) => {
        const connector: DestinationConnector = await runner.destination(context);
        return { ...connector, open: async (request) => change(await connector.open(request)) };
      },
    }));
}

function withTransaction(
  session: DestinationSession,
  change: (transaction: LoadTransaction) => Partial<LoadTransaction>,
): DestinationSession {
  return {
    ...session,
    transaction: async (signal) => {
      const transaction = await session.transaction(signal);
      return { ...transaction, ...change(transaction) };
    },
  };
}

/** Values changed on their way into the session's loads. */
function loads(
  session: DestinationSession,
  change: (value: JsonValue | undefined) => JsonValue | undefined,
): DestinationSession {
  return withTransaction(session, (transaction) => ({
    load: (request) => {
      const { read } = request;
      if (read.form !== "batches") return transaction.load(request);
      const chunks = (async function* () {
        for await (const batch of read.chunks) {
          const columns = batch.columns.map((column) =>
            column.form === "json" ? { ...column, values: column.values.map(change) } : column,
          );
          yield { ...batch, columns };
        }
      })();
      return transaction.load({ ...request, read: { ...read, chunks } });
    },
  }));
}

/** Streams planned otherwise than the session is told, in every call. */
function withPlans(
  session: DestinationSession,
  change: (plan: StreamPlan) => StreamPlan,
): DestinationSession {
  const changed = withTransaction(session, (transaction) => ({
    load: (request) => transaction.load({ ...request, stream: change(request.stream) }),
  }));
  return {
    ...changed,
    begin: (request) => session.begin({ ...request, streams: request.streams.map(change) }),
    takes: (stream) => session.takes(change(stream)),
    finish: (request) => session.finish({ ...request, stream: change(request.stream) }),
  };
}

const truncates = ({ generation_id, minimum_generation_id }: ConfiguredStream): boolean =>
  minimum_generation_id !== 0 && minimum_generation_id === generation_id;

const kept = (stream: ConfiguredStream): ConfiguredStream => ({ ...stream, minimum_generation_id: 0 });

const isAppend = (stream: ConfiguredStream): boolean => stream.destination_sync_mode === "append";

/** For each row a destination that is broken in that very way. */
export const brokenDestinations: Readonly<Record<string, { readonly how: string; readonly make: Break }>> = {
  D1: {
    how: "a password that is not marked as a secret",
    make: says((message) => {
      if (message.type !== "SPEC") return [message];
      const properties = { password: { type: "string", title: "Password" } };
      return [
        { ...message, spec: { ...message.spec, connectionSpecification: { type: "object", properties } } },
      ];
    }),
  },
  "D1 drift": {
    how: "its specification is not the recorded one",
    make: ({ subject }) => ({
      ...subject,
      spec: { connectionSpecification: { type: "object", title: "Before" } },
    }),
  },
  D2: {
    how: "two answers to check",
    make: says((message) => (message.type === "CONNECTION_STATUS" ? [message, message] : [message])),
  },
  D3: {
    how: "the source's changes are lost",
    make: hears((command) => ({
      ...command,
      messages: mapped(command.messages, (message) =>
        message.type === "RECORD" ? [{ ...message, record: { ...message.record, meta: {} } }] : [message],
      ),
    })),
  },
  D4: {
    how: "STREAM states are echoed before their rows are durable",
    make: (good) =>
      withRunner(good, (runner) =>
        tampered(runner, async function* (messages, command, { signal }) {
          let isEarly = false;
          try {
            for await (const message of messages) {
              isEarly ||= message.type === "STATE" && message.state.type === "STREAM";
              yield message;
            }
          } finally {
            if (isEarly && signal.aborted && command.name === "write") {
              for (const { stream } of command.catalog.streams) good.memory.drop(stream.name);
            }
          }
        }),
      ),
  },
  D5: {
    how: "a GLOBAL state loses what its streams share",
    make: says((message) =>
      message.type === "STATE" && message.state.global !== undefined
        ? [
            {
              ...message,
              state: { ...message.state, global: { stream_states: message.state.global.stream_states } },
            },
          ]
        : [message],
    ),
  },
  D6: {
    how: "streams of one name are mixed",
    make: hears((command) => ({
      ...command,
      messages: mapped(command.messages, (message) => {
        if (message.type !== "RECORD") return [message];
        const first = command.catalog.streams.find(({ stream }) => stream.name === message.record.stream);
        return [{ ...message, record: { ...message.record, namespace: first?.stream.namespace } }];
      }),
    })),
  },
  D7: {
    how: "line breaks are lost",
    make: takesRecords(({ data }) =>
      Object.fromEntries(
        Object.entries(data).map(([name, value]) => [
          name,
          typeof value === "string" ? value.replaceAll("\n", " ") : value,
        ]),
      ),
    ),
  },
  D8: {
    how: "a row that is there already is not appended",
    make: hears((command, { memory }) => {
      const known = new Set(
        command.catalog.streams
          .filter(isAppend)
          .flatMap(({ stream }) => memory.rows(stream).map(({ data }) => stringifyJson([stream.name, data]))),
      );
      return {
        ...command,
        messages: mapped(command.messages, (message) =>
          message.type === "RECORD" && known.has(stringifyJson([message.record.stream, message.record.data]))
            ? []
            : [message],
        ),
      };
    }),
  },
  D9: {
    how: "only the first field of a key counts",
    make: plans(() => (stream) => ({ ...stream, primary_key: (stream.primary_key ?? []).slice(0, 1) })),
  },
  D10: {
    how: "a changed key is not noticed",
    make: plans(() => {
      const keys = new Map<string, ConfiguredStream["primary_key"]>();
      return (stream) => {
        const key = `${stream.stream.namespace ?? ""} ${stream.stream.name}`;
        if (stream.destination_sync_mode === "append_dedup" && !keys.has(key))
          keys.set(key, stream.primary_key);
        return { ...stream, primary_key: keys.get(key) ?? stream.primary_key ?? [] };
      };
    }),
  },
  D11: {
    how: "an append refresh removes nothing unless it was interrupted",
    make: plans(() => {
      const seen = new Set<string>();
      return (stream) => {
        const load = `${stream.stream.name} ${stream.generation_id}`;
        const isFirst = !seen.has(load);
        seen.add(load);
        return isFirst && isAppend(stream) && truncates(stream) ? kept(stream) : stream;
      };
    }),
  },
  D12: {
    how: "a refresh that changes the mode removes nothing",
    make: plans(() => {
      const modes = new Map<string, string>();
      return (stream) => {
        const before = modes.get(stream.stream.name) ?? stream.destination_sync_mode;
        modes.set(stream.stream.name, stream.destination_sync_mode);
        return before !== stream.destination_sync_mode && truncates(stream) ? kept(stream) : stream;
      };
    }),
  },
  D13: {
    how: "an append refresh that was interrupted removes nothing when it completes",
    make: plans(() => {
      const seen = new Set<string>();
      return (stream) => {
        const load = `${stream.stream.name} ${stream.generation_id}`;
        const isAgain = seen.has(load);
        seen.add(load);
        return isAgain && isAppend(stream) && truncates(stream) ? kept(stream) : stream;
      };
    }),
  },
  D14: {
    how: "an interrupted refresh of nothing begins anew",
    make: plans(() => (stream, { memory }) => {
      const rows = memory.rows(stream.stream);
      const isAlone = rows.every(({ generation }) => generation === stream.generation_id);
      if (isAppend(stream) && truncates(stream) && isAlone) memory.drop(stream.stream.name);
      return stream;
    }),
  },
  D15: {
    how: "rows of a refresh that was given up are lost",
    make: plans(() => (stream, { memory }) => {
      const rows = memory.rows(stream.stream);
      const isOlder = rows.some(({ generation }) => generation < (stream.generation_id ?? 0));
      if (isAppend(stream) && !truncates(stream) && isOlder) memory.drop(stream.stream.name);
      return stream;
    }),
  },
  D16: {
    how: "fields that come later are left out",
    make: plans(() => {
      const first = new Map<string, ReadonlySet<string>>();
      return (configured) => {
        const { stream } = configured;
        const key = `${stream.namespace ?? ""} ${stream.name}`;
        const given = isObject(stream.json_schema["properties"]) ? stream.json_schema["properties"] : {};
        const known = first.get(key) ?? new Set(Object.keys(given));
        first.set(key, known);
        const properties = Object.fromEntries(Object.entries(given).filter(([name]) => known.has(name)));
        return { ...configured, stream: { ...stream, json_schema: { ...stream.json_schema, properties } } };
      };
    }),
  },
  D17: {
    how: "an invalid date becomes NULL without a word",
    make: takesRecords(({ data }) => (data["day"] === "2024-02-30" ? { ...data, day: null } : data)),
  },
  D18: {
    how: "long decimals are rounded without a word",
    make: takesRecords(({ data }) => {
      const { amount } = data;
      return amount instanceof ExactNumber ? { ...data, amount: Number(amount.text) } : data;
    }),
  },
  D19: {
    how: "members an object does not declare are lost",
    make: takesRecords(({ data }) => {
      const { thing } = data;
      return isObject(thing) && "undeclared" in thing ? { ...data, thing: { declared: 1 } } : data;
    }),
  },
  D20: {
    how: "a refresh without rows removes nothing",
    make: hears((command) => {
      const full = new Set<string>();
      return {
        ...command,
        messages: mapped(command.messages, (message) => {
          if (message.type === "RECORD") full.add(message.record.stream);
          if (message.type !== "TRACE" || message.trace.type !== "STREAM_STATUS") return [message];
          return full.has(message.trace.stream_status.stream_descriptor.name) ? [message] : [];
        }),
      };
    }),
  },
  D21: {
    how: "more than 20 streams are too many",
    make: hears((command) => {
      if (command.catalog.streams.length > 20) throw new Error("too many streams");
      return command;
    }),
  },
  D23: {
    how: "a rollback commits",
    make: hasSession((session) =>
      withTransaction(session, (transaction) => ({ rollback: () => transaction.commit([]) })),
    ),
  },
  D24: {
    how: "of two streams for one table the second is left out",
    make: hasSession((session) => ({
      ...session,
      begin: (request) => session.begin({ ...request, streams: request.streams.slice(0, 1) }),
    })),
  },
  "D24 attempts": {
    how: "a reserved word is called otherwise in each attempt",
    make: (good) => {
      let attempts = 0;
      return hasSession((session) => {
        attempts += 1;
        const attempt = attempts;
        return withPlans(session, (plan) =>
          plan.table.name === "select"
            ? { ...plan, table: { ...plan.table, name: `select_${attempt}` } }
            : plan,
        );
      })(good);
    },
  },
  "D24 types": {
    how: "a column's type depends on the attempt",
    make: (good) => {
      let attempts = 0;
      return hasSession((session) => {
        attempts += 1;
        const type = `type ${attempts}`;
        return {
          ...session,
          takes: (stream) =>
            session.takes(stream).map((encoding) => ({
              ...encoding,
              columns: encoding.columns.map((column) =>
                column.field.kind === "union" ? { ...column, type } : column,
              ),
            })),
        };
      })(good);
    },
  },
  D25: {
    how: "a field that comes later is not loaded",
    make: (good) => {
      const first = new Map<string, ReadonlySet<string>>();
      return hasSession((session) => ({
        ...session,
        takes: (stream) =>
          session.takes(stream).map((encoding) => {
            const known = first.get(stream.key) ?? new Set(stream.fields.map(({ name }) => name));
            first.set(stream.key, known);
            return { ...encoding, columns: encoding.columns.filter(({ field }) => known.has(field.name)) };
          }),
      }))(good);
    },
  },
  "D25 silence": {
    how: "a field that comes later is added without a word",
    make: hasSession((session) => ({
      ...session,
      begin: async (request) => {
        await session.begin(request);
        return [];
      },
    })),
  },
  "D25 removal": {
    how: "a field that goes is told as a removed column",
    make: hasSession((session) => ({
      ...session,
      begin: async (request) => {
        const notes = await session.begin(request);
        const isGone = request.streams.some(({ fields }) => fields.some(({ name }) => name === "come"));
        return isGone && notes.length > 0 ? [...notes, "removed column gone (text)"] : notes;
      },
    })),
  },
  "D25 mode": {
    how: "the table is made anew when the mode changes",
    make: (good) =>
      hasSession((session) => ({
        ...session,
        begin: (request) => {
          for (const { mode, table, fields } of request.streams)
            if (mode === "append_dedup" && fields.some(({ name }) => name === "wider"))
              good.memory.drop(table.name);
          return session.begin(request);
        },
      }))(good),
  },
  D26: {
    how: "integers go through doubles",
    make: hasSession((session) =>
      loads(session, (value) => (typeof value === "bigint" ? Number(value) : value)),
    ),
  },
  "D26 beyond": {
    how: "integers beyond 64 bits become the greatest one without a word",
    make: hasSession((session) =>
      loads(session, (value) => (value === 9223372036854775808n ? 9223372036854775807n : value)),
    ),
  },
  "D26 years": {
    how: "years beyond 9999 become NULL without a word",
    make: hasSession((session) => loads(session, (value) => (value === "10000-01-01" ? null : value))),
  },
  D27: {
    how: "columns have other names than the version before gave them",
    make: ({ subject }) => ({
      ...subject,
      identifiers: Object.fromEntries(
        Object.entries(subject.identifiers ?? {}).map(([name, columns]) => [
          name,
          columns.map((column) => column.replace(".", "_")),
        ]),
      ),
    }),
  },
};
