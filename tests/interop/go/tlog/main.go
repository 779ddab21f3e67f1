// Reads an audit log's notes, hashes and proofs as golang.org/x/mod/sumdb/note and tlog read them,
// and makes some for the other side. Standard input and output are one JSON object each; the tests
// judge the output.
package main

import (
	"bytes"
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"os"
	"strings"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

type proof struct {
	First  int64       `json:"first"` // of inclusion: the record
	Second int64       `json:"second"`
	Hashes []tlog.Hash `json:"hashes"`
}

type given struct {
	Verifier    string   `json:"verifier"`
	Witness     string   `json:"witness"`
	Note        string   `json:"note"`
	Records     [][]byte `json:"records"`
	Stored      []byte   `json:"stored"`
	Inclusion   []proof  `json:"inclusion"`
	Consistency []proof  `json:"consistency"`
}

type made struct {
	Text       string      `json:"text"`       // of the note, once it has verified
	Unverified []string    `json:"unverified"` // names whose signatures the library does not know
	Time       uint64      `json:"time"`       // of the cosignature, once it has verified
	Roots      []tlog.Hash `json:"roots"`      // by size, from 1 on
	SameStored bool        `json:"same_stored"`
	Wrong      []string    `json:"wrong"` // proofs that do not hold

	Verifier    string  `json:"verifier"`
	Witness     string  `json:"witness"`
	Note        string  `json:"note"`
	Inclusion   []proof `json:"inclusion"`
	Consistency []proof `json:"consistency"`
}

func main() {
	var in given
	if err := json.NewDecoder(os.Stdin).Decode(&in); err != nil {
		fail(err)
	}
	out, err := run(&in)
	if err != nil {
		fail(err)
	}
	if err := json.NewEncoder(os.Stdout).Encode(out); err != nil {
		fail(err)
	}
}

func fail(err error) {
	fmt.Fprintln(os.Stderr, err)
	os.Exit(1)
}

func run(in *given) (*made, error) {
	out := &made{Wrong: []string{}}
	if err := open(in, out); err != nil {
		return nil, err
	}
	stored, err := grow(in, out)
	if err != nil {
		return nil, err
	}
	check(in, out)
	if err := prove(int64(len(in.Records)), stored, out); err != nil {
		return nil, err
	}
	return out, sign(in, out)
}

// open verifies the log's note with the library, and the cosignature on it by hand: the library
// knows no such keys.
func open(in *given, out *made) error {
	verifier, err := note.NewVerifier(in.Verifier)
	if err != nil {
		return err
	}
	opened, err := note.Open([]byte(in.Note), note.VerifierList(verifier))
	if err != nil {
		return err
	}
	out.Text = opened.Text
	if _, err := note.NewVerifier(in.Witness); err == nil {
		return fmt.Errorf("the library knows keys of witnesses")
	}
	name, id, key, err := witness(in.Witness)
	if err != nil {
		return err
	}
	for _, signature := range opened.UnverifiedSigs {
		out.Unverified = append(out.Unverified, signature.Name)
		if signature.Name != name || signature.Hash != id {
			continue
		}
		value, err := base64.StdEncoding.DecodeString(signature.Base64)
		if err != nil || len(value) != 4+8+ed25519.SignatureSize {
			return fmt.Errorf("the cosignature is malformed")
		}
		time := binary.BigEndian.Uint64(value[4:])
		if !ed25519.Verify(key, cosigned(time, opened.Text), value[12:]) {
			return fmt.Errorf("the cosignature does not verify")
		}
		out.Time = time
	}
	return nil
}

func cosigned(time uint64, text string) []byte {
	return []byte(fmt.Sprintf("cosignature/v1\ntime %d\n%s", time, text))
}

// witness takes the key of a witness apart.
func witness(vkey string) (string, uint32, ed25519.PublicKey, error) {
	parts := strings.SplitN(vkey, "+", 3)
	if len(parts) != 3 {
		return "", 0, nil, fmt.Errorf("the key of the witness is malformed")
	}
	typed, err := base64.StdEncoding.DecodeString(parts[2])
	if err != nil || len(typed) != 1+ed25519.PublicKeySize || typed[0] != 4 {
		return "", 0, nil, fmt.Errorf("the key of the witness is malformed")
	}
	id := witnessID(parts[0], typed[1:])
	if fmt.Sprintf("%08x", id) != parts[1] {
		return "", 0, nil, fmt.Errorf("the key of the witness has another id: %08x", id)
	}
	return parts[0], id, typed[1:], nil
}

func witnessID(name string, key ed25519.PublicKey) uint32 {
	sum := sha256.Sum256(append([]byte(name+"\n\x04"), key...))
	return binary.BigEndian.Uint32(sum[:])
}

// grow builds the tree, and compares what is stored of it.
func grow(in *given, out *made) (tlog.HashReader, error) {
	var stored []tlog.Hash
	reader := tlog.HashReaderFunc(func(indexes []int64) ([]tlog.Hash, error) {
		var found []tlog.Hash
		for _, index := range indexes {
			found = append(found, stored[index])
		}
		return found, nil
	})
	var all []byte
	for n, record := range in.Records {
		hashes, err := tlog.StoredHashes(int64(n), record, reader)
		if err != nil {
			return nil, err
		}
		stored = append(stored, hashes...)
		for _, hash := range hashes {
			all = append(all, hash[:]...)
		}
		root, err := tlog.TreeHash(int64(n)+1, reader)
		if err != nil {
			return nil, err
		}
		out.Roots = append(out.Roots, root)
	}
	out.SameStored = bytes.Equal(all, in.Stored)
	return reader, nil
}

// check judges the other side's proofs.
func check(in *given, out *made) {
	for _, p := range in.Inclusion {
		leaf := tlog.RecordHash(in.Records[p.First])
		if err := tlog.CheckRecord(p.Hashes, p.Second, out.Roots[p.Second-1], p.First, leaf); err != nil {
			out.Wrong = append(out.Wrong, fmt.Sprintf("inclusion %d %d", p.First, p.Second))
		}
	}
	for _, p := range in.Consistency {
		first, second := out.Roots[p.First-1], out.Roots[p.Second-1]
		if err := tlog.CheckTree(p.Hashes, p.Second, second, p.First, first); err != nil {
			out.Wrong = append(out.Wrong, fmt.Sprintf("consistency %d %d", p.First, p.Second))
		}
	}
}

// prove makes every proof that there is.
func prove(size int64, stored tlog.HashReader, out *made) error {
	for second := int64(1); second <= size; second++ {
		for first := int64(0); first < second; first++ {
			hashes, err := tlog.ProveRecord(second, first, stored)
			if err != nil {
				return err
			}
			out.Inclusion = append(out.Inclusion, proof{first, second, hashes})
			tree, err := tlog.ProveTree(second, first+1, stored)
			if err != nil {
				return err
			}
			out.Consistency = append(out.Consistency, proof{first + 1, second, tree})
		}
	}
	return nil
}

// sign makes a note of the library's own, and a cosignature on it.
func sign(in *given, out *made) error {
	secret, verifier, err := note.GenerateKey(nil, "go.example/log")
	if err != nil {
		return err
	}
	signer, err := note.NewSigner(secret)
	if err != nil {
		return err
	}
	size := len(in.Records)
	text := fmt.Sprintf("go.example/log\n%d\n%s\n", size, out.Roots[size-1])
	signed, err := note.Sign(&note.Note{Text: text}, signer)
	if err != nil {
		return err
	}
	public, private, err := ed25519.GenerateKey(nil)
	if err != nil {
		return err
	}
	const name, time = "go.example/witness", 1800000000
	id := witnessID(name, public)
	value := binary.BigEndian.AppendUint32(nil, id)
	value = binary.BigEndian.AppendUint64(value, time)
	value = append(value, ed25519.Sign(private, cosigned(time, text))...)
	typed := append([]byte{4}, public...)
	out.Verifier = verifier
	out.Witness = fmt.Sprintf("%s+%08x+%s", name, id, base64.StdEncoding.EncodeToString(typed))
	out.Note = fmt.Sprintf("%s\u2014 %s %s\n", signed, name, base64.StdEncoding.EncodeToString(value))
	return nil
}
