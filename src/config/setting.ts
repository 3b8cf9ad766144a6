import { listSetting, type SettingKind } from '../model/setting.ts'

/** One setting: how it is read, what holds without it, what help says. */
export interface Setting<T> {
  readonly kind: SettingKind<T>
  /** Text read where nothing else is found; null leaves the setting null. */
  readonly fallback: string | null
  readonly help: string
  /** A variable without the `GATEHOUSE_` prefix that also sets it; the one with the prefix wins. */
  readonly bareVariable?: string
  /** Never a flag of `serve`, never shown; also read from `NAME_file` and systemd credentials. */
  readonly isSecret?: true
  /** Only commands that talk to a server elsewhere use it. */
  readonly isForClient?: true
}

/** A setting with a default. */
export const settled = <T>(kind: SettingKind<T>, fallback: string, help: string): Setting<T> => ({
  kind,
  fallback,
  help,
})

/** A setting that may be left out. */
export const optional = <T>(kind: SettingKind<T>, help: string): Setting<T | null> => ({
  kind,
  fallback: null,
  help,
})

/** A setting of any number of items; none to begin with. */
export const list = <T>(form: string, item: (text: string) => T, help: string) =>
  settled(listSetting(form, item), '', help)
