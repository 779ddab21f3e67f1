// Seals a private key as a team that writes Go would: docs/formats/import.md and the standard
// library's HPKE. Reads what is sealed for what as JSON, prints the sealed key in base64.
package main

import (
	"bytes"
	"crypto/ecdh"
	"crypto/hpke"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"os"
)

type terms struct {
	ImportID   string `json:"import_id"`
	Identity   string `json:"identity"`
	KeyID      string `json:"key_id"`
	Algorithm  uint64 `json:"algorithm"`
	Purpose    uint64 `json:"purpose"`
	Network    string `json:"network"`
	PublicKey  []byte `json:"public_key"`
	PrivateKey []byte `json:"private_key"`
}

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run() error {
	var given terms
	if err := json.NewDecoder(os.Stdin).Decode(&given); err != nil {
		return err
	}
	recipient, err := hpke.DHKEM(ecdh.X25519()).NewPublicKey(given.PublicKey)
	if err != nil {
		return err
	}
	sealed, err := hpke.Seal(recipient, hpke.HKDFSHA256(), hpke.AES256GCM(), given.info(), given.PrivateKey)
	if err != nil {
		return err
	}
	fmt.Println(base64.StdEncoding.EncodeToString(sealed))
	return nil
}

func (t terms) info() []byte {
	var info bytes.Buffer
	for _, field := range [][]byte{
		[]byte("signward import v1"),
		[]byte(t.ImportID),
		[]byte(t.Identity),
		[]byte(t.KeyID),
		binary.BigEndian.AppendUint64(nil, t.Algorithm),
		binary.BigEndian.AppendUint64(nil, t.Purpose),
		[]byte(t.Network),
	} {
		info.Write(binary.BigEndian.AppendUint32(nil, uint32(len(field))))
		info.Write(field)
	}
	return info.Bytes()
}
