import type { FencingToken, RowMeta } from "@weir/protocol";
import type { Session } from "../connection.ts";
import { sqlState } from "../failures.ts";
import { putCheckpoints } from "./ledger.ts";
import { EXTRACTED_AT, GENERATION_ID, META, RAW_ID, type TableName } from "./names.ts";
import { type MetaTexts, metaTexts } from "./row-meta.ts";
import { identifier, literal, tableText } from "./sql.ts";
import type { Target } from "./tables.ts";

export interface DefaultsScene {
  readonly connection: string;
  readonly token: FencingToken;
  with<T>(act: (session: Session) => Promise<T>): Promise<T>;
}

/**
 * What is the same in all rows of a load can be a default of the stage's columns, and need not be parsed for each row:
 * for 2 million short rows the server takes 7 s of CPU instead of 11. The first load of a stage sets them, in a transaction
 * that compares the fence: a worker that was surpassed can set none any more, and what it loads by another's it cannot
 * commit. A stage that somebody has locked is left as it is.
 */
export class StageDefaults {
  readonly #scene: DefaultsScene;
  readonly #set = new Map<string, Promise<MetaTexts>>();

  constructor(scene: DefaultsScene) {
    this.#scene = scene;
  }

  /** The columns that a load must give itself. Called before its transaction has touched the stage. */
  async given({ plan, load }: Target, meta: RowMeta): Promise<MetaTexts> {
    const texts = metaTexts(meta);
    if (plan.mode === "append") return texts;
    const set = this.#set.get(plan.key) ?? this.#setThem(load, texts);
    this.#set.set(plan.key, set);
    const defaults = await set;
    return new Map([...texts].filter(([name, text]) => defaults.get(name) !== text));
  }

  async #setThem(stage: TableName, texts: MetaTexts): Promise<MetaTexts> {
    const { connection, token } = this.#scene;
    const constant = new Map([...texts].filter(([name]) => name !== RAW_ID));
    const actions = [...constant].map(
      ([name, text]) => `ALTER COLUMN ${identifier(name)} SET DEFAULT ${literal(text)}`,
    );
    return this.#scene.with(async (session) => {
      try {
        await session.query("BEGIN");
        await putCheckpoints(session, connection, token, []);
        // Whoever waits for this lock holds up all that come after it.
        await session.query(`LOCK TABLE ${tableText(stage)} IN ACCESS EXCLUSIVE MODE NOWAIT`);
        await session.query(`ALTER TABLE ${tableText(stage)} ${actions.join(", ")}`);
        await session.query("COMMIT");
        return constant;
      } catch (error) {
        if (sqlState(error) !== "55P03") throw error;
        await session.query("ROLLBACK");
        return new Map();
      }
    });
  }
}

/** For a stage that becomes a table of the user's. */
export function dropDefaults(table: TableName): string {
  const actions = [EXTRACTED_AT, META, GENERATION_ID].map(
    (name) => `ALTER COLUMN ${identifier(name)} DROP DEFAULT`,
  );
  return `ALTER TABLE ${tableText(table)} ${actions.join(", ")}`;
}
