import type { Command } from 'commander';
import { UsageError } from './session.ts';

/** `completion bash|zsh|fish`: prints a completion script, generated from the commands. */
export function addCompletion(program: Command, others: readonly string[]): void {
  program
    .command('completion <shell>')
    .description('writes a completion script for bash, zsh or fish')
    .addHelpText('after', '\nExample\n  $ source <(triggers completion bash)')
    .action((shell: string) => {
      const script = SCRIPTS[shell];
      if (script === undefined) throw new UsageError('Completion is available for bash, zsh and fish.');
      process.stdout.write(script(wordsOf(program, others)));
    });
}

/** The words that may follow the program (`''`) and each of its commands. */
type Words = ReadonlyMap<string, readonly string[]>;

function wordsOf(program: Command, others: readonly string[]): Words {
  const names = (command: Command) => [
    ...command.commands.map((sub) => sub.name()),
    ...command.options.map(({ long }) => long ?? '').filter((long) => long !== ''),
  ];
  const words = new Map<string, readonly string[]>([['', [...others, ...names(program)]]]);
  for (const command of program.commands) words.set(command.name(), names(command));
  return words;
}

const SCRIPTS: Readonly<Record<string, (words: Words) => string>> = {
  bash: (words) => `_triggers() {
  local words
  case "\${COMP_WORDS[1]}" in
${cases(words, '    ')}
    *) words="${(words.get('') ?? []).join(' ')}" ;;
  esac
  COMPREPLY=($(compgen -W "$words" -- "\${COMP_WORDS[COMP_CWORD]}"))
}
complete -o default -F _triggers triggers triggers-api
`,
  zsh: (words) => `#compdef triggers triggers-api
_triggers() {
  local words
  case "\${words[2]}" in
${cases(words, '    ')}
    *) words="${(words.get('') ?? []).join(' ')}" ;;
  esac
  compadd -- \${=words}
}
compdef _triggers triggers triggers-api
`,
  fish: (words) =>
    `${[...words]
      .map(([command, after]) => {
        const when = command === '' ? '__fish_use_subcommand' : `__fish_seen_subcommand_from ${command}`;
        return `complete -c triggers -n '${when}' -a '${after.join(' ')}'`;
      })
      .join('\n')}\n`,
};

function cases(words: Words, indent: string): string {
  return [...words]
    .filter(([command]) => command !== '')
    .map(([command, after]) => `${indent}${command}) words="${after.join(' ')}" ;;`)
    .join('\n');
}
