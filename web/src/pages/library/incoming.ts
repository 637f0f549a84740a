/* Tracks from this computer: chosen, or dropped on the page; files for the importer go there. Loaded when it is wanted, or with what comes at rest. */
import { ACCEPTED } from '../../api/formats';
import type { Dropped } from '../../api/dropped';
import { imports } from '../../state/imports.svelte';
import { ui } from '../../state/ui.svelte';
import { uploads } from '../../state/uploads.svelte';
import { isLibrary } from './imports';

export function chooseFiles() {
    const input = document.createElement('input');
    input.type = 'file';
    input.multiple = true;
    input.accept = ACCEPTED.join(',');
    input.hidden = true;
    input.onchange = () => {
        uploads.add(input.files ?? []);
        ui.go('library');
        input.remove();
    };
    input.oncancel = () => input.remove();
    document.body.append(input); /* outside of the page some browsers say nothing of what was chosen */
    input.click();
}

export function take(found: Dropped) {
    ui.go('library');
    const library = found.files.find((f) => isLibrary(f.name));
    if (found.hasFolder) uploads.addAudio(found.files);
    else if (library && found.files.length === 1) imports.open(library);
    else uploads.add(found.files);
}
