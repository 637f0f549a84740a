/* What the help is made of, read once when it is opened first. */
import { commands } from '../../commands/commands.svelte';
import api from '../../reference/api.md?raw';
import config from '../../reference/config.md?raw';
import effects from '../../reference/effects.md?raw';
import nodes from '../../reference/nodes.md?raw';
import schema from '../../reference/schema.md?raw';
import access from '../../help/access.md?raw';
import habits from '../../help/keys.md?raw';
import library from '../../help/library.md?raw';
import patterns from '../../help/patterns.md?raw';
import scores from '../../help/scores.md?raw';
import settings from '../../help/settings.md?raw';
import show from '../../help/show.md?raw';
import venue from '../../help/venue.md?raw';
import welcome from '../../help/welcome.md?raw';
import { makeBook } from './book';

export const book = makeBook({
    guides: [['welcome', welcome], ['library', library], ['venue', venue], ['patterns', patterns], ['scores', scores], ['show', show], ['settings', settings], ['access', access]],
    nodes, api, config, effects, schema, habits,
    commands: commands.filter((c) => c.keys).map((c) => ({ group: c.group, keys: c.keys!, label: c.holdMs ? `${c.label}, held ${c.holdMs / 1000} s` : c.label })),
});
