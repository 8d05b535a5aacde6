package main

import (
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"math"
)

// A reader of OTLP protobuf that shares nothing with the collector's, nor with the SDK's writer.

var errMalformed = errors.New("malformed protobuf")

// Calls `each` for every field: a number for varint and fixed types, bytes for the rest.
func eachField(message []byte, each func(number int, value uint64, body []byte) error) error {
	for len(message) > 0 {
		tag, n := binary.Uvarint(message)
		if n <= 0 {
			return errMalformed
		}
		message = message[n:]
		var value uint64
		var body []byte
		switch tag & 7 {
		case 0:
			if value, n = binary.Uvarint(message); n <= 0 {
				return errMalformed
			}
		case 1:
			if n = 8; len(message) < n {
				return errMalformed
			}
			value = binary.LittleEndian.Uint64(message)
		case 2:
			size, m := binary.Uvarint(message)
			if m <= 0 || size > uint64(len(message)-m) {
				return errMalformed
			}
			n = m + int(size)
			body = message[m:n]
		case 5:
			if n = 4; len(message) < n {
				return errMalformed
			}
			value = uint64(binary.LittleEndian.Uint32(message))
		default:
			return errMalformed
		}
		message = message[n:]
		if err := each(int(tag>>3), value, body); err != nil {
			return err
		}
	}
	return nil
}

func wireValue(message []byte) (text string, err error) {
	text = "empty"
	err = eachField(message, func(number int, value uint64, body []byte) error {
		switch number {
		case 1:
			text = stringValue(string(body))
		case 2:
			text = fmt.Sprintf("bool %t", value != 0)
		case 3:
			text = fmt.Sprintf("int %d", int64(value))
		case 4:
			text = doubleValue(math.Float64frombits(value))
		case 5:
			parts := []string{}
			err := eachField(body, func(_ int, _ uint64, element []byte) error {
				part, err := wireValue(element)
				parts = append(parts, part)
				return err
			})
			text = arrayValue(parts)
			return err
		case 6:
			var entries []attribute
			err := eachField(body, func(_ int, _ uint64, entry []byte) error { return appendAttribute(&entries, entry) })
			text = mapValue(entries)
			return err
		case 7:
			text = "bytes " + hex.EncodeToString(body)
		default:
			return fmt.Errorf("a value of field %d", number)
		}
		return nil
	})
	return text, err
}

func wireAttribute(message []byte) (a attribute, err error) {
	a.Value = "empty"
	err = eachField(message, func(number int, _ uint64, body []byte) error {
		switch number {
		case 1:
			a.Key = string(body)
		case 2:
			a.Value, err = wireValue(body)
			return err
		}
		return nil
	})
	return a, err
}

func appendAttribute(list *[]attribute, message []byte) error {
	a, err := wireAttribute(message)
	*list = append(*list, a)
	return err
}

func wireEvent(message []byte) (e event, err error) {
	err = eachField(message, func(number int, value uint64, body []byte) error {
		switch number {
		case 1:
			e.Time = value
		case 2:
			e.Name = string(body)
		case 3:
			return appendAttribute(&e.Attributes, body)
		case 4:
			e.Dropped = uint32(value)
		}
		return nil
	})
	return e, err
}

func wireSpan(message []byte) (s span, err error) {
	err = eachField(message, func(number int, value uint64, body []byte) error {
		switch number {
		case 1:
			s.TraceID = hex.EncodeToString(body)
		case 2:
			s.ID = hex.EncodeToString(body)
		case 3:
			s.TraceState = string(body)
		case 4:
			s.Parent = hex.EncodeToString(body)
		case 5:
			s.Name = string(body)
		case 6:
			s.Kind = int(value)
		case 7:
			s.Start = value
		case 8:
			s.End = value
		case 9:
			return appendAttribute(&s.Attributes, body)
		case 10:
			s.DroppedAttributes = uint32(value)
		case 11:
			e, err := wireEvent(body)
			s.Events = append(s.Events, e)
			return err
		case 12:
			s.DroppedEvents = uint32(value)
		case 13:
			s.Links++
		case 15:
			return eachField(body, func(number int, value uint64, body []byte) error {
				switch number {
				case 2:
					s.Message = string(body)
				case 3:
					s.Status = int(value)
				}
				return nil
			})
		case 16:
			s.Flags = uint32(value)
		}
		return nil
	})
	return s, err
}

func wireScopeSpans(message []byte) (spans []span, err error) {
	var name, version, schema string
	err = eachField(message, func(number int, _ uint64, body []byte) error {
		switch number {
		case 1:
			return eachField(body, func(number int, _ uint64, body []byte) error {
				switch number {
				case 1:
					name = string(body)
				case 2:
					version = string(body)
				}
				return nil
			})
		case 2:
			s, err := wireSpan(body)
			spans = append(spans, s)
			return err
		case 3:
			schema = string(body)
		}
		return nil
	})
	for i := range spans {
		spans[i].Scope, spans[i].Schema = scopeName(name, version), schema
	}
	return spans, err
}

func wireResourceSpans(message []byte) (spans []span, err error) {
	var resource []attribute
	err = eachField(message, func(number int, _ uint64, body []byte) error {
		switch number {
		case 1:
			return eachField(body, func(number int, _ uint64, body []byte) error {
				if number == 1 {
					return appendAttribute(&resource, body)
				}
				return nil
			})
		case 2:
			more, err := wireScopeSpans(body)
			spans = append(spans, more...)
			return err
		}
		return nil
	})
	for i := range spans {
		spans[i].Resource = resource
	}
	return spans, err
}

// The spans of an ExportTraceServiceRequest.
func wireRequest(message []byte) (spans []span, err error) {
	err = eachField(message, func(number int, _ uint64, body []byte) error {
		if number != 1 {
			return nil
		}
		more, err := wireResourceSpans(body)
		spans = append(spans, more...)
		return err
	})
	return spans, err
}
