/* The groups of the venue looked at, for whoever shows their names or colours: fetched once, when first asked for. */
import { untrack } from 'svelte';
import { list } from '../api/client';
import type { Group } from '../api/types';
import { onChange } from './changes';
import { Resource } from './resource.svelte';
import { lookedAt } from './stores.svelte';

const groups = new Resource<Group[]>((path) => list<Group>(path));
onChange(['fixture_groups', 'fixture_group_members', 'fixtures'], () => void groups.load());

/* For components. */
export function useGroups(): Resource<Group[]> {
    $effect(() => {
        const id = lookedAt();
        untrack(() => groups.point(id ? `/venues/${id}/groups` : null));
    });
    return groups;
}

/* The groups that a fixture is in. */
export const groupsOf = (fixtureId: string): Group[] => (groups.data ?? []).filter((g) => g.fixture_ids?.includes(fixtureId));
