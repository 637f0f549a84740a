/* The import dialog: open or not, and a file that was dropped for it. */
class Imports {
    isOpen = $state(false);
    private file: File | null = null;

    open = (file: File | null = null) => {
        this.file = file;
        this.isOpen = true;
    };
    takeFile(): File | null {
        const file = this.file;
        this.file = null;
        return file;
    }
}

export const imports = new Imports();
