// Command tlog-go verifies an exported log folder with golang.org/x/mod alone, so that the log is judged by code that
// is not ours: the checkpoint's signature, every entry against its leaf, an inclusion proof for some entries, and the
// consistency of a few older sizes.
//
//	tlog-go FOLDER VKEY-FILE
package main

import (
	"bytes"
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

const height = 8

// tiles reads hash tiles from a folder. C2SP leaves out the height that x/mod writes into a tile's path.
type tiles struct{ folder string }

func (t tiles) Height() int { return height }

func (t tiles) ReadTiles(wanted []tlog.Tile) ([][]byte, error) {
	read := make([][]byte, len(wanted))
	for i, tile := range wanted {
		path := strings.Replace(tile.Path(), "tile/8/", "tile/", 1)
		data, err := os.ReadFile(filepath.Join(t.folder, path))
		if err != nil {
			return nil, err
		}
		read[i] = data
	}
	return read, nil
}

func (t tiles) SaveTiles([]tlog.Tile, [][]byte) {}

func entries(folder string, size int64) ([][]byte, error) {
	var all [][]byte
	for number := int64(0); number*256 < size; number++ {
		tile := tlog.Tile{H: height, L: 0, N: number, W: int(min(256, size-number*256))}
		path := strings.Replace(tile.Path(), "tile/8/0/", "tile/entries/", 1)
		bundle, err := os.ReadFile(filepath.Join(folder, path))
		if err != nil {
			return nil, err
		}
		for len(bundle) > 0 {
			if len(bundle) < 2 || len(bundle) < 2+int(binary.BigEndian.Uint16(bundle)) {
				return nil, fmt.Errorf("%s ends in the middle of an entry", path)
			}
			end := 2 + int(binary.BigEndian.Uint16(bundle))
			all = append(all, bundle[2:end])
			bundle = bundle[end:]
		}
	}
	if int64(len(all)) != size {
		return nil, fmt.Errorf("%d entries for size %d", len(all), size)
	}
	return all, nil
}

func verify(folder, keyFile string) error {
	vkey, err := os.ReadFile(keyFile)
	if err != nil {
		return err
	}
	verifier, err := note.NewVerifier(strings.TrimSpace(string(vkey)))
	if err != nil {
		return err
	}
	signed, err := os.ReadFile(filepath.Join(folder, "checkpoint"))
	if err != nil {
		return err
	}
	opened, err := note.Open(signed, note.VerifierList(verifier))
	if err != nil {
		return err
	}
	lines := strings.Split(opened.Text, "\n")
	if len(lines) != 4 || lines[0] != verifier.Name() {
		return fmt.Errorf("not a checkpoint of %s", verifier.Name())
	}
	size, err := strconv.ParseInt(lines[1], 10, 64)
	if err != nil {
		return err
	}
	root, err := base64.StdEncoding.DecodeString(lines[2])
	if err != nil || len(root) != tlog.HashSize {
		return fmt.Errorf("not a root")
	}
	tree := tlog.Tree{N: size, Hash: tlog.Hash(root)}
	if size == 0 {
		empty, err := tlog.TreeHash(0, nil)
		if err != nil || empty != tree.Hash {
			return fmt.Errorf("not the empty root")
		}
		fmt.Println("ok: 0 entries")
		return nil
	}
	// TileHashReader checks every tile that it reads against the signed root.
	reader := tlog.TileHashReader(tree, tiles{folder})
	all, err := entries(folder, size)
	if err != nil {
		return err
	}
	for first := int64(0); first < size; first += 4096 {
		last := min(size, first+4096)
		indexes := make([]int64, 0, last-first)
		for n := first; n < last; n++ {
			indexes = append(indexes, tlog.StoredHashIndex(0, n))
		}
		leaves, err := reader.ReadHashes(indexes)
		if err != nil {
			return err
		}
		for i, leaf := range leaves {
			made := tlog.RecordHash(all[first+int64(i)])
			if !bytes.Equal(made[:], leaf[:]) {
				return fmt.Errorf("entry %d is not its leaf", first+int64(i))
			}
		}
	}
	for _, n := range []int64{0, size / 3, size / 2, size - 1} {
		proof, err := tlog.ProveRecord(size, n, reader)
		if err != nil {
			return err
		}
		if err := tlog.CheckRecord(proof, size, tree.Hash, n, tlog.RecordHash(all[n])); err != nil {
			return err
		}
	}
	for _, old := range []int64{1, size / 3, size / 2, size} {
		if old == 0 {
			continue
		}
		oldRoot, err := tlog.TreeHash(old, reader)
		if err != nil {
			return err
		}
		proof, err := tlog.ProveTree(size, old, reader)
		if err != nil {
			return err
		}
		if err := tlog.CheckTree(proof, size, tree.Hash, old, oldRoot); err != nil {
			return err
		}
	}
	fmt.Printf("ok: %d entries\n", size)
	return nil
}

func main() {
	if len(os.Args) != 3 {
		fmt.Fprintln(os.Stderr, "usage: tlog-go FOLDER VKEY-FILE")
		os.Exit(2)
	}
	if err := verify(os.Args[1], os.Args[2]); err != nil {
		fmt.Fprintln(os.Stderr, "refused:", err)
		os.Exit(1)
	}
}
